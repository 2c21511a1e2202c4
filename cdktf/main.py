"""Synthesise the stacks as Terraform JSON into `cdktf.out`: `cdktf synth` and `make synth` run this.

`--table` prints the number of resources; `--outdir` selects another directory.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Alarms and dashboards take the names of metrics from the service.
sys.path[:0] = [str(HERE), str(HERE.parent)]
# Debian 12 and 13 have Node 18 and 20, which work; this silences the warning that jsii prints on every run.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20")


def main() -> None:
    """Synthesise all stacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    # The cdktf CLI passes its output directory in this variable.
    parser.add_argument("--outdir", type=Path, default=Path(os.environ.get("CDKTF_OUTDIR", HERE / "cdktf.out")))
    parser.add_argument("--table", action="store_true", help="print the resources per stack and environment")
    options = parser.parse_args()

    # Half of the time would go into garbage collection among two thousand modules that all stay.
    gc.disable()
    from vimbisopay_infra.findings import accepted  # noqa: PLC0415 - the import takes ten seconds, and --help must not
    from vimbisopay_infra.stacks import build  # noqa: PLC0415
    from vimbisopay_infra.table import resource_counts, table  # noqa: PLC0415
    from vimbisopay_infra.tf import App  # noqa: PLC0415

    gc.freeze()
    app = App(outdir=str(options.outdir))
    build(app)
    app.synth()
    text = json.dumps(accepted(app), indent=2) + "\n"
    (options.outdir / "accepted.json").write_text(text, "utf-8")
    if options.table:
        print(table(resource_counts(options.outdir)))  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
