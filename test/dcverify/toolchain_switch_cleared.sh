#!/bin/bash
# The same, with the remedy: an empty GOROOT counts as none.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "go switches to the toolchain of go.mod" prints go1.26.8 go env GOVERSION
check "finds nothing" finds "$toolchain_switch_cleared"

reportResults
