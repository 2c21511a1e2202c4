"""Credex core as the bot sees it: the client, its errors, and what goes with them. Wire only.

What is asked of core, and the action type that means success. "Known" was seen in a client of the newest generation
(C2); "older" is known of an older one, and here put into C2's envelope; "ours" says that the type is named here, in
C2's manner, as no public client or server names it. An answer that lacks the type but has the content is a success all
the same, and what is none is judged by proof: a wrong guess costs a look at the dashboard, never a wrong word.

    endpoint               request, besides the token                            action type             known?
    login                  phone (and no token)                                  MEMBER_LOGIN            known
    onboardMember          phone, firstname, lastname, defaultDenom (no token)   MEMBER_ONBOARDED        known
    getAccountByHandle     accountHandle                                         ACCOUNT_FOUND           known
    createCredex           issuerAccountID, receiverAccountID, Denomination,     CREDEX_CREATED          known
                           InitialAmount (text), credexType PURCHASE,
                           OFFERSorREQUESTS OFFERS, securedCredex
                           ... with dueDate, YYYY-MM-DD, where unsecured                                 older
    acceptCredex           credexID                                              CREDEX_ACCEPTED         known
    declineCredex          credexID                                              CREDEX_DECLINED         known
    cancelCredex           credexID                                              CREDEX_CANCELLED        known
    getLedger              accountID, numRows, startRow (not on the first page)  LEDGER_RETRIEVED        known
    hustler10k             personalAccountID                                     HUSTLER_10K_ENROLLED    known
    getCredex              credexID, accountID                                   CREDEX_RETRIEVED        older, ours
    getMemberByHandle      memberHandle                                          MEMBER_FOUND            older, ours
    createAccount          accountType BUSINESS, accountName, accountHandle,     ACCOUNT_CREATED         older, ours
                           defaultDenom
    authorizeForAccount    accountID, memberHandleToBeAuthorized                 MEMBER_AUTHORIZED       older, ours
    unauthorizeForAccount  accountID, memberIDtoBeUnauthorized                   MEMBER_UNAUTHORIZED     older, ours
    updateSendOffersTo     accountID, memberIDtoSendOffers                       SEND_OFFERS_TO_UPDATED  older, ours

Older generations name the caller in the body (``ownerID``, ``signerID``); in C2 the token does. In dashboards,
``authFor`` (members with memberID, firstname, lastname) and ``sendOffersTo`` (one of them) stand flat on an account, as
older generations have them; no client of C2 reads them. In C1 the upgrade was a recurring payment and is not spoken.
"""
