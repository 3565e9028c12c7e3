#!/bin/bash
# A Go image with gopls and Delve and a user of its own: nothing to complain about, in the terminal or when attaching.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "runs as the remote user" prints dev id -un
check "finds nothing" finds "$clean"
check "the report belongs to the remote user" test -O "$report"
check "attaching says nothing" prints "" "$share/on-attach.sh"

reportResults
