#!/bin/bash
# The official Go image brings neither Delve nor gopls.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "finds the missing tools" finds "$no_delve"

reportResults
