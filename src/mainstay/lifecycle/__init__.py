"""THE ORDER: only the verbs that cross stages.

::

    order        train, gate, monitor, operate: read this one first
    registering  from a training to a version: report, registry, verdict
    judging      a version before its gates, and what is looked at beside the report
    releasing    release, rollback, hold, resume; what they foresee; who answers by them, now and at a moment
    acting       what `operate` does after a look: alerts, rollback, a canary's next step
    looking      which window is looked at, and what the look before it found
    windowing    events windows: what was answered, window by window
    controller   the loop around `operate`: one leader, told to stop by a signal
    processes    server, controller and dashboard as processes
    start        up: all of it from a table or a project
    adopting     version adopt: a model that was made elsewhere becomes the next version
    notebook     ship: from an estimator and a frame to a project and a version; likeness: whether it answers as it did
    deriving     version policy, version optimize: a version derived from another, without training
    lineage      what a version is made of; which versions are made of something; which version a tree holds
    served_rows  the event log as the rows of a version: recorded, and read again
    origins      which data trained which version; the project as a pipeline of dvc
    differing    version diff: two versions on the same rows; contrast: what they are made of, side by side
    checkout     version checkout: the code and the data of a version
    reproducing  version reproduce: a version made again of its recorded inputs, and compared
    erasing      events erase: a person leaves everything the books hold, and that is proved
    reading      events export: events taken out into a file
    shipping     events ship: sealed segments go into the tables of the log
    replaying    events replay: a logged answer computed again, step by step
    explaining   why: records, files and logged answers
    files        scoring a file, taking in outcomes
    checking     check: the project held against its data
    auditing     data audit: what the rows say about themselves, also on a schedule
    gap          data gap: training, held-out, later and live rows
    describing   data export: what a model takes and gives, in the words of other tools
    scoring      version testscore: the ML Test Score
    sending      events send: the event log to an OpenTelemetry collector
    exporting    export onnx: a version's model as a file for others
    moving       version export, version import: a version as one file
    outside      export prometheus, grafana, elk: files by which other tools watch a model
    tracking     export mlflow: MLflow is told of versions and of who answers
    keys         admin keys: who signs versions here, whose are loaded
    backups      admin backup, admin restore: the books in one file, and back
    collecting   admin gc: what nobody needs any more
    doctor       admin doctor: every hash and every reference
    documents    what the verbs print: cards, verdicts, the owner's page, a pull request's comment, metrics files
"""

from mainstay.evaluation.testscore import score_document
from mainstay.lifecycle.adopting import Brought, adopt, read_brought
from mainstay.lifecycle.auditing import Audited, audit, write_audit
from mainstay.lifecycle.backups import (
    BackedUp,
    BroughtBack,
    Restored,
    back_up,
    backup_document,
    brought_back_document,
    restore,
    restore_copy,
    restore_newest,
    restored_document,
)
from mainstay.lifecycle.checking import Checked, check, check_document
from mainstay.lifecycle.checkout import CheckedOut, checkout, checkout_document
from mainstay.lifecycle.collecting import Collected, collect, collected_document
from mainstay.lifecycle.deriving import (
    Optimized,
    Repoliced,
    Wanted,
    optimize,
    optimized_document,
    read_capacity,
    repoliced_document,
    repolicy,
)
from mainstay.lifecycle.differing import Apart, diff, diff_document, write_diff
from mainstay.lifecycle.doctor import Examination, examination_document, examine
from mainstay.lifecycle.documents import (
    card,
    describe_release,
    held_words,
    history,
    history_document,
    look_document,
    owner_page,
    report_document,
    trained_document,
    verdict_document,
    versions,
    write_check,
    write_report,
    write_training,
    write_verdict,
)
from mainstay.lifecycle.erasing import Erased, erase, erased_document
from mainstay.lifecycle.explaining import (
    Explained,
    Replayed,
    explain,
    explain_file,
    explain_prediction,
    explained_document,
    replayed_document,
    write_explained,
)
from mainstay.lifecycle.exporting import Exported, export_onnx, exported_document
from mainstay.lifecycle.files import predict_file
from mainstay.lifecycle.gap import FourWay, gap, gap_document
from mainstay.lifecycle.judging import approve
from mainstay.lifecycle.keys import (
    KeyChanged,
    Signed,
    changed_document,
    keys_document,
    list_keys,
    new_key,
    revoke_key,
    sign_versions,
    trust_key,
)
from mainstay.lifecycle.lineage import Made, MadeOf, made, made_blocks, made_of, made_of_document
from mainstay.lifecycle.looking import Seen
from mainstay.lifecycle.moving import Moved, export_version, import_version, imported_document, moved_document
from mainstay.lifecycle.notebook import Shipped, ship
from mainstay.lifecycle.order import gate, monitor, operate, train
from mainstay.lifecycle.origins import (
    Origin,
    ask_data,
    asked_document,
    export_dvc,
    known,
    known_document,
    origin,
    origin_blocks,
    params,
    pipeline,
)
from mainstay.lifecycle.outcomes import Taken, describe_taken, take_feedback
from mainstay.lifecycle.outside import (
    grafana_files,
    prometheus_files,
    shipping_files,
    write_outside,
    write_shipping,
)
from mainstay.lifecycle.reading import TakenOut, export_events
from mainstay.lifecycle.registering import Trained
from mainstay.lifecycle.releasing import (
    WAIT,
    Answered,
    Followed,
    Foreseen,
    Wish,
    answered_at,
    answered_document,
    describe_followed,
    first_step,
    follow,
    foresee_release,
    foresee_rollback,
    foreseen_document,
    foreseen_plain,
    held,
    hold,
    release,
    release_seen,
    resume,
    rollback,
    rollback_destination,
    rollback_seen,
)
from mainstay.lifecycle.replaying import Replay, Step, replay, replay_document, replay_last, replays_document
from mainstay.lifecycle.replaying import told as replay_told
from mainstay.lifecycle.reproducing import Reproduction, reproduce, reproduction_document
from mainstay.lifecycle.scoring import testscore, write_score
from mainstay.lifecycle.sending import Collector, Sent, send_events, sent_line
from mainstay.lifecycle.served_rows import log_source
from mainstay.lifecycle.shipping import Shipping, ship_events
from mainstay.lifecycle.start import project_from_table, start, up
from mainstay.lifecycle.tracking import LATER, SOON, Synced, mirror, sync_mlflow, synced_document
from mainstay.lifecycle.windowing import Windows, windows, windows_document
from mainstay.registry.listing import versions_document
from mainstay.release import Books, open_books

__all__ = [
    "LATER",
    "SOON",
    "WAIT",
    "Answered",
    "Apart",
    "Audited",
    "BackedUp",
    "Books",
    "Brought",
    "BroughtBack",
    "Checked",
    "CheckedOut",
    "Collected",
    "Collector",
    "Erased",
    "Examination",
    "Explained",
    "Exported",
    "Followed",
    "Foreseen",
    "FourWay",
    "KeyChanged",
    "Made",
    "MadeOf",
    "Moved",
    "Optimized",
    "Origin",
    "Replay",
    "Replayed",
    "Repoliced",
    "Reproduction",
    "Restored",
    "Seen",
    "Sent",
    "Shipped",
    "Shipping",
    "Signed",
    "Step",
    "Synced",
    "Taken",
    "TakenOut",
    "Trained",
    "Wanted",
    "Windows",
    "Wish",
    "adopt",
    "answered_at",
    "answered_document",
    "approve",
    "ask_data",
    "asked_document",
    "audit",
    "back_up",
    "backup_document",
    "brought_back_document",
    "card",
    "changed_document",
    "check",
    "check_document",
    "checkout",
    "checkout_document",
    "collect",
    "collected_document",
    "describe_followed",
    "describe_release",
    "describe_taken",
    "diff",
    "diff_document",
    "erase",
    "erased_document",
    "examination_document",
    "examine",
    "explain",
    "explain_file",
    "explain_prediction",
    "explained_document",
    "export_dvc",
    "export_events",
    "export_onnx",
    "export_version",
    "exported_document",
    "first_step",
    "follow",
    "foresee_release",
    "foresee_rollback",
    "foreseen_document",
    "foreseen_plain",
    "gap",
    "gap_document",
    "gate",
    "grafana_files",
    "held",
    "held_words",
    "history",
    "history_document",
    "hold",
    "import_version",
    "imported_document",
    "keys_document",
    "known",
    "known_document",
    "list_keys",
    "log_source",
    "look_document",
    "made",
    "made_blocks",
    "made_of",
    "made_of_document",
    "mirror",
    "monitor",
    "moved_document",
    "new_key",
    "open_books",
    "operate",
    "optimize",
    "optimized_document",
    "origin",
    "origin_blocks",
    "owner_page",
    "params",
    "pipeline",
    "predict_file",
    "project_from_table",
    "prometheus_files",
    "read_brought",
    "read_capacity",
    "release",
    "release_seen",
    "replay",
    "replay_document",
    "replay_last",
    "replay_told",
    "replayed_document",
    "replays_document",
    "repoliced_document",
    "repolicy",
    "report_document",
    "reproduce",
    "reproduction_document",
    "restore",
    "restore_copy",
    "restore_newest",
    "restored_document",
    "resume",
    "revoke_key",
    "rollback",
    "rollback_destination",
    "rollback_seen",
    "score_document",
    "send_events",
    "sent_line",
    "ship",
    "ship_events",
    "shipping_files",
    "sign_versions",
    "start",
    "sync_mlflow",
    "synced_document",
    "take_feedback",
    "testscore",
    "train",
    "trained_document",
    "trust_key",
    "up",
    "verdict_document",
    "versions",
    "versions_document",
    "windows",
    "windows_document",
    "write_audit",
    "write_check",
    "write_diff",
    "write_explained",
    "write_outside",
    "write_report",
    "write_score",
    "write_shipping",
    "write_training",
    "write_verdict",
]
