#!/bin/sh
# Verifies once, when the container has been created: the feature's postCreateCommand. Runs as the remote user, in the
# workspace, in the environment of the editor's server.
#
# The exit status is dcverify's own, so that failOn decides whether the creation fails; it is always 0 with failOn=never.

# The options that install.sh wrote. Read line by line: the values are a person's text and must never be run as shell.
failOn=never only='' skip='' online=false onCreate=true
while IFS='=' read -r name value; do
    case $name in
    failOn) failOn=$value ;;
    only) only=$value ;;
    skip) skip=$value ;;
    online) online=$value ;;
    onCreate) onCreate=$value ;;
    esac
done </usr/local/share/dcverify/options

# A broken PATH is one of the things to find out, so this script must not depend on it. dcverify itself gets it unchanged.
with_tools() (
    PATH=${PATH:-}:/usr/local/bin:/usr/bin:/bin
    "$@"
)

# The report is kept for on-attach.sh. One from before does not speak of this container: a home folder may come out of an
# image or a volume, and outlive many containers.
state=${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}
report=${state:+$state/dcverify/report.json}
if [ -n "$report" ]; then with_tools rm -f "$report" 2>/dev/null; fi

if [ "$onCreate" = false ]; then exit 0; fi

set -- run --from remote --fail-on "$failOn"
if [ -n "$only" ]; then set -- "$@" --only "$only"; fi
if [ -n "$skip" ]; then set -- "$@" --skip "$skip"; fi
if [ "$online" = true ]; then set -- "$@" --online; fi

if [ -n "$report" ] && with_tools mkdir -p "${report%/*}" 2>/dev/null && [ -w "${report%/*}" ]; then
    set -- "$@" -o "json=$report"
else
    echo 'dcverify: the report is not kept: no home folder that this user can write to' >&2
fi

/usr/local/bin/dcverify "$@"
status=$?

if [ "$failOn" != never ]; then exit "$status"; fi
if [ "$status" -ne 0 ]; then
    echo "dcverify: could not finish (exit status $status); the creation goes on, because failOn is never" >&2
fi
exit 0
