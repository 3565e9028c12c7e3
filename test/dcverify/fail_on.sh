#!/bin/bash
# failOn error, with a selection of checks. A failed creation would end the test, so the container is a good one, and the
# lifecycle script is run again in a bad environment.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

outcomes() { grep -o '"code": *"DV[0-9]*"' "$report" | grep -o 'DV[0-9]*' | sort -u | tr '\n' ' '; }

check "a good environment passes" exits 0 "$share/on-create.sh"
check "only the chosen checks ran" prints "DV103 " outcomes
check "a bad one fails" exits 1 env GOROOT=/opt/empty "$share/on-create.sh"
check "attaching repeats it" prints 1 bash -c "$share/on-attach.sh | grep -c '^dcverify: .*FAILED.*DV103'"
check "it reports under a broken PATH too" bash -c "rm $report; PATH=/nowhere $share/on-create.sh; test -s $report"

reportResults
