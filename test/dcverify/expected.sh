# shellcheck shell=sh disable=SC2034
# What each scenario must find: the codes of all errors and warnings, sorted. Sourced by the scenarios.
test=''
clean=''
goroot_conflict='DV104 DV105 DV803'
toolchain_switch='DV106 DV604 DV803'
toolchain_switch_cleared=''
no_delve='DV601 DV701'
old_delve='DV602 DV604 DV605 DV701'
busybox='DV701'
template=''
