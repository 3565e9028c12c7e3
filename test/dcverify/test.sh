#!/bin/bash
# The feature with its defaults: what was installed, recorded and kept.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "the program runs" dcverify version
check "it belongs to root and may be run by all" prints "0:0 755" stat -c '%u:%g %a' /usr/local/bin/dcverify
check "the environment of the image was recorded" test -s "$share/image.json"
check "the options are the defaults" prints "failOn=never
only=
skip=
online=false
onCreate=true" cat "$share/options"
check "the remote user cannot change them" test "$(id -u)" -eq 0 -o ! -w "$share/options"
check "it verified when the container was created" test -s "$report"
check "attaching never fails" "$share/on-attach.sh"
check "a run now is no worse than the one at creation" prints "$test" ./codes.sh

reportResults
