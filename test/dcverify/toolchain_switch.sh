#!/bin/bash
# GOROOT is pinned, as the official Go feature does, and go.mod asks for a newer Go: a plain shell works, the editor does not.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "go switches to the toolchain of go.mod" prints go1.26.8 go env GOVERSION
check "finds that the editor mixes two Gos" finds "$toolchain_switch"

reportResults
