#!/bin/bash
# onCreate false: dcverify is there, and nothing has run.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "the program runs" dcverify version
check "nothing was verified" test ! -e "$report"
check "the lifecycle script is quiet" prints "" "$share/on-create.sh"
check "so is attaching" prints "" "$share/on-attach.sh"

reportResults
