#!/bin/bash
# The Dockerfile sets one GOROOT and devcontainer.json another: go is found in one tree and works with the other.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "the two layers disagree" prints /opt/go1.25.9 printenv GOROOT
check "finds the conflict" finds "$goroot_conflict"
check "attaching repeats the verdict in one line" prints 1 bash -c "$share/on-attach.sh | grep -c '^dcverify: .*FAILED.*DV104'"
check "and prints nothing else" prints 1 bash -c "$share/on-attach.sh | wc -l"

reportResults
