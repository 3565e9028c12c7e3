#!/bin/bash
# What the go-verified template sets up.
# shellcheck source=test/dcverify/lib.sh
source ./lib.sh

check "GOROOT is cleared" prints "" printenv GOROOT
check "finds nothing" finds "$template"

reportResults
