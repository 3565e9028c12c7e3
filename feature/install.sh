#!/bin/sh
# Installs dcverify into the image that is being built: runs as root, needs no network and no package.
#
# It does not touch the environment (no PATH of its own, no exported variable), because the environment that it runs in is
# what `dcverify record` writes down: the image's, with that of the features installed before this one.
set -eu
umask 022 # the image may bring a stricter one, and the remote user has to read all this

fail() {
    printf 'dcverify: %s\n' "$*" >&2
    exit 1
}

# The options, under the names that the dev container tool gives them; the defaults are those of devcontainer-feature.json.
failon=${FAILON-never}
only=${ONLY-}
skip=${SKIP-}
online=${ONLINE-false}
oncreate=${ONCREATE-true}

# one_of NAME VALUE ALLOWED...: tools do not enforce a manifest's types and enums.
one_of() {
    option=$1
    value=$2
    shift 2
    for allowed; do
        if [ "$value" = "$allowed" ]; then return 0; fi
    done
    fail "option $option: \"$value\" is not one of: $*"
}
one_of failOn "$failon" error warning never
one_of online "$online" true false
one_of onCreate "$oncreate" true false

# code_list NAME VALUE: what a list of codes and names may consist of. It keeps the options file one line per option.
code_list() {
    case $2 in
    *[!A-Za-z0-9,/._\ -]*) fail "option $1: \"$2\" is not a list of codes such as DV104,DV803" ;;
    esac
}
code_list only "$only"
code_list skip "$skip"

machine=$(uname -m)
case $machine in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "no binary for $machine: dcverify runs on amd64 and arm64" ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
name=dcverify-linux-$arch
[ -r "$here/$name.gz" ] || fail "$name.gz is missing beside install.sh: the feature is damaged"
[ -r "$here/SHA256SUMS" ] || fail "SHA256SUMS is missing beside install.sh: the feature is damaged"
command -v gzip >/dev/null 2>&1 || fail "gzip is missing in this image, and the binary is packed: install gzip in the base image"
command -v sha256sum >/dev/null 2>&1 ||
    fail "sha256sum is missing in this image, so the binary cannot be verified: install coreutils or busybox in the base image"

bin=/usr/local/bin
share=/usr/local/share/dcverify
mkdir -p "$bin" "$share"

# Each file is made whole beside its place and then moved over it, so that nobody ever meets half a file.
new=$bin/.dcverify.$$
part=$share/.part.$$
trap 'rm -f "$new" "$part"' EXIT

gzip -dc <"$here/$name.gz" >"$new" || fail "cannot unpack $name.gz"

want=
while read -r sum file; do
    if [ "$file" = "$name" ]; then want=$sum; fi
done <"$here/SHA256SUMS"
[ -n "$want" ] || fail "SHA256SUMS does not list $name: the feature is damaged"
got=$(sha256sum <"$new")
got=${got%% *}
[ "$got" = "$want" ] || fail "checksum of $name does not match: want $want, got $got"

chmod 0755 "$new"
version=$("$new" version) || fail "$name does not run in this image (exit status $?)"
mv -f "$new" "$bin/dcverify"

for script in on-create.sh on-attach.sh; do
    cat "$here/$script" >"$part"
    chmod 0755 "$part"
    mv -f "$part" "$share/$script"
done

# Read by on-create.sh, line by line and never as shell. Blanks in a list go: people write "DV104, DV803".
only=$(printf %s "$only" | tr -d ' ')
skip=$(printf %s "$skip" | tr -d ' ')
cat >"$part" <<OPTIONS
failOn=$failon
only=$only
skip=$skip
online=$online
onCreate=$oncreate
OPTIONS
chmod 0644 "$part"
mv -f "$part" "$share/options"

# A record that cannot be made is no reason to break somebody's image: the view of the image is then reported as unknown.
# The old one goes first, since a base image may have brought its own.
rm -f "$share/image.json"
"$bin/dcverify" record --user "${_REMOTE_USER:-root}" --output "$share/image.json" ||
    printf 'dcverify: the environment of the image could not be recorded (exit status %s)\n' "$?" >&2

printf 'installed %s (onCreate %s, failOn %s)\n' "$version" "$oncreate" "$failon"
