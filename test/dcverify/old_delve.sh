#!/bin/bash
# A Delve that is too old for the Go that it is to debug.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "finds that Delve is too old" finds "$old_delve"

reportResults
