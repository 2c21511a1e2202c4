"""Credex core over HTTP: the client, its errors, endpoints and values.

The table lists what is sent to core, and the action type that means success. "Known" was seen in a client of the newest
generation (C2); "older" is known of an older one, and put into C2's envelope here; "ours" means that the type is named
here, in C2's manner, because no public client or server names it. A response without the type but with the content is a
success all the same, and for a write any other outcome is reconciled: a wrong guess costs a read of the dashboard.

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
older generations have them; no client of C2 reads them. In C1 the upgrade was a recurring payment; it is not supported.
"""
