#!/usr/bin/env bash
# Tries the README's two commands on a bare machine: a Debian 12 as debootstrap's minbase leaves it, with
# no make, no compiler, no bats, no ps. As root, with debootstrap installed and a network:
#   .ci/bare.sh DIRECTORY        which must not exist; some 500 MB, removed afterwards
# The exit status is 0 if both commands succeed. Not part of make test: it takes minutes, and root.
set -euo pipefail

cd "$(dirname "$0")/.."
if [ $# -ne 1 ] || [ -e "$1" ]; then
    echo 'usage: .ci/bare.sh DIRECTORY (that does not exist yet)' >&2
    exit 2
fi
for tool in debootstrap unshare tar; do
    command -v "$tool" >/dev/null || { echo "bare: $tool is missing" >&2; exit 1; }
done
mkdir "$1"
top=$(cd "$1" && pwd)
root=$top/root
# The mounts and the processes are in namespaces of their own, and gone before this.
trap 'rm -rf --one-file-system "$top"' EXIT

# The mirror that this machine's apt uses, if it is a Debian 12 as well; else debootstrap's own choice.
# shellcheck disable=SC2016 # these are names of apt-get's
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(REPO_URI)' 2>/dev/null |
    sed -n 's/^Packages bookworm //p' | head -n 1) || mirror=
echo "bare: debootstrap, from ${mirror:-its default mirror}"
debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$top/log" 2>&1 || {
    tail -n 20 "$top/log"
    exit 1
}
# How this machine gets at the mirror: proxies, and whether its clock is to be trusted.
apt-config dump | grep -iE '^Acquire::(https?|Check-)' >"$root/etc/apt/apt.conf.d/90bare" || true

mkdir "$root/suite"
{ git ls-files -co --exclude-standard -z 2>/dev/null || find . -type f ! -path './build/*' -print0; } |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null -T - -cf - | tar -xf - -C "$root/suite"

# Runs a command line as a newcomer would: root of the bare machine, in the suite's directory.
on_bare_machine() {
    local start=$SECONDS status=0
    printf '\nbare: $ %s\n' "$1"
    # shellcheck disable=SC2016 # for the inner sh
    unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
        env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin ${http_proxy:+http_proxy="$http_proxy"} \
        sh -c 'mount -t devpts -o newinstance,ptmxmode=666 none "$1/dev/pts" && mount --bind "$1/dev/pts/ptmx" "$1/dev/ptmx" &&
            mount -t sysfs -o ro none "$1/sys" && exec chroot "$1" sh -c "cd /suite; $2"' - "$root" "$1" </dev/null || status=$?
    printf 'bare: status %d after %d s\n' "$status" $((SECONDS - start))
    return "$status"
}

for tool in make cc bats ps git npm; do
    [ ! -e "$root/usr/bin/$tool" ] || echo "bare: not so bare, it has $tool"
done
on_bare_machine 'sh .ci/setup && make run'
on_bare_machine 'make test'
on_bare_machine 'sh .ci/setup' # has nothing to do any more
