#!/bin/bash
# The feature twice in one image, first with other options than the defaults and then with the defaults. The CLI hands over
# both sets: FAILON and FAILON__DEFAULT, and so on.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "the first installation had other options" test "$FAILON $ONLINE $ONCREATE" != "$FAILON__DEFAULT $ONLINE__DEFAULT $ONCREATE__DEFAULT"
check "those of the last one are in force" prints "failOn=$FAILON__DEFAULT
only=$ONLY__DEFAULT
skip=$SKIP__DEFAULT
online=$ONLINE__DEFAULT
onCreate=$ONCREATE__DEFAULT" cat "$share/options"
check "there is one program" prints dcverify ls -A /usr/local/bin
check "and it has verified" test -s "$report"

reportResults
