#!/bin/sh
# Repeats a verdict that was not good in one line, each time an editor attaches: the feature's postAttachCommand.
# It reads the report that on-create.sh kept, verifies nothing again, and never fails.

state=${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}
report=${state:+$state/dcverify/report.json}
if [ -r "$report" ] && [ -x /usr/local/bin/dcverify ]; then
    /usr/local/bin/dcverify last-verdict "$report"
fi
exit 0
