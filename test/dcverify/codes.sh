#!/bin/sh
# Prints the codes of all errors and warnings, sorted, on one line.
#
#   codes.sh              of a fresh run
#   codes.sh REPORT.json  of a report that was kept
#
# POSIX, since a base image may hold busybox and nothing else.
if [ $# -eq 1 ]; then
    exec dcverify last-verdict --codes "$1"
fi
report=$(mktemp) || exit 1
trap 'rm -f "$report"' EXIT
dcverify run --from remote --fail-on never --format json >"$report" || exit
dcverify last-verdict --codes "$report"
