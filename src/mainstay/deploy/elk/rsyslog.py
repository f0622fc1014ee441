"""rsyslog with its Elasticsearch output: packages ``rsyslog`` and ``rsyslog-elasticsearch`` of a distribution.

What was read from a file is in a queue on the disk; a line that Elasticsearch refuses for now (429, 503) waits in a
second one. So neither rsyslog's orderly end nor that of Elasticsearch loses a line. Where rsyslog is killed, its notes
of the files are ahead of what it sent, and its queue torn: `rsyslog_sh` sees that, and lets everything be sent again.

https://www.rsyslog.com/doc/configuration/modules/omelasticsearch.html
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mainstay.deploy.elk.shipment import MARK, quoted

if TYPE_CHECKING:
    from mainstay.deploy.elk.shipment import Shipment


def rsyslog_conf(shipment: Shipment) -> str:
    """Write rsyslog's configuration, that of an instance of its own."""
    state = quoted(f"{shipment.state}/rsyslog")
    refused = quoted(f"{shipment.state}/rsyslog/refused.json")
    inputs = "".join(_input(pattern) for pattern in shipment.files)
    return f"""\
# {MARK}; write it again rather than change it.
global(maxMessageSize="1m")  # longer lines would be cut
module(load="imfile" statefile.directory={state})
module(load="mmjsonparse")
module(load="omelasticsearch")

template(name="mainstay_id" type="list") {{ property(name="$!event.id") }}
template(name="mainstay_line" type="list") {{ property(name="$!all-json-plain") }}
template(name="mainstay_refused" type="list") {{ property(name="$.omes") constant(value="\\n") }}
template(name="mainstay_index" type="list") {{
  property(name="$!event.dataset")
  constant(value="-")
  property(name="$!@timestamp" position.from="1" position.to="4")
  constant(value=".")
  property(name="$!@timestamp" position.from="6" position.to="7")
}}

# Small: what isn't read yet is safe in its file.
ruleset(name="mainstay" {_queue("mainstay", state, 20_000)}) {{
  action(type="mmjsonparse" cookie="")
  if $parsesuccess == "OK" then {{
{_action(shipment, refused)}  }}
}}

# Where one line of a request was refused, each comes here, with what Elasticsearch said of it.
ruleset(name="mainstay_told" queue.type="Direct") {{
  if $.omes!status == 200 or $.omes!status == 201 or $.omes!status == 409 then {{
    stop  # it is there
  }}
  if $.omes!status == 429 or $.omes!status >= 500 then {{
    call mainstay_later
  }} else {{
    action(type="omfile" file={refused} template="mainstay_refused")
  }}
}}

ruleset(name="mainstay_later" {_queue("mainstay_later", state, 2_000_000)} queue.dequeueSlowdown="1000") {{
{_action(shipment, refused)}}}

{inputs}"""


def rsyslog_sh(shipment: Shipment) -> str:
    """Write how rsyslog is started: after a kill, a power cut or a refusal from the beginning of every file."""
    return f"""\
#!/bin/sh
# {MARK}; write it again rather than change it.
#
# rsyslog takes its pid file away when it ends in order. Where it is still there, rsyslog was killed or the power was
# cut, and what it noted may be ahead of what it sent. And what Elasticsearch refused as a whole, or for good, it put
# aside. In both cases everything that is in the files is sent again: Elasticsearch has each event once all the same.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
state={shlex.quote(f"{shipment.state}/rsyslog")}
mkdir -p "$state"
if [ -e "$state/pid" ] && grep -qs rsyslogd "/proc/$(cat "$state/pid")/comm"; then
    echo "rsyslog runs already." >&2
    exit 1
fi
if [ -e "$state/pid" ] || [ -s "$state/refused.json" ]; then
    rm -f "$state"/imfile-state:* "$state"/mainstay.* "$state"/mainstay_later.* "$state/pid"
fi
if [ -s "$state/refused.json" ]; then
    mv "$state/refused.json" "$state/refused-$(date +%s).json"
fi
exec rsyslogd -n -f "$here/rsyslog.conf" -i "$state/pid"
"""


def _input(pattern: str) -> str:
    return f"""\
input(
  type="imfile" file={quoted(pattern)} tag="mainstay" ruleset="mainstay" addMetadata="off"
  reopenOnTruncate="on" persistStateAfterSubmission="on" maxSubmitAtOnce="256"
)
"""


def _queue(name: str, folder: str, size: int) -> str:
    """Write the settings of a queue on the disk."""
    return (
        f'queue.type="Disk" queue.filename="{name}" queue.spoolDirectory={folder} queue.size="{size}" '
        'queue.maxFileSize="16m" queue.timeoutEnqueue="86400000" '
        'queue.dequeueBatchSize="256"'
    )


def _action(shipment: Shipment, refused: str) -> str:
    """Write the sending of lines, each under its event's id; one that is there already is left alone (409)."""
    return f"""\
    action(
      type="omelasticsearch"
      server=[{quoted(shipment.elasticsearch)}]
      # uid="elastic" pwd=`echo $ELASTIC_PASSWORD`
      bulkmode="on" writeoperation="create" esVersion.major="8"
      template="mainstay_line"
      searchIndex="mainstay_index" dynSearchIndex="on" searchType=""
      bulkid="mainstay_id" dynbulkid="on"
      retryfailures="on" retryruleset="mainstay_told" ratelimit.interval="0"
      errorfile={refused}
      action.resumeRetryCount="-1" action.resumeInterval="1" action.resumeIntervalMax="30"
    )
"""
