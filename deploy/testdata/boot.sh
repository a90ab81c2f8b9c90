#!/bin/bash
# boot.sh DIR RELEASE PROBE OUT: starts systemd as process 1 of namespaces of its
# own, over a copy-on-write view of this machine, and has it run PROBE once, with
# the folder RELEASE as /release and the file OUT for its output. Nothing of it is
# left but OUT. It must be root, in a mount namespace of its own (unshare -m).
set -euo pipefail

if [ "$1" != inside ]; then
  # A control group of its own, so that nothing is left in the machine's.
  mkdir "$1/cgroup" && mount -t cgroup2 cgroup2 "$1/cgroup"
  group=$1/cgroup/$(basename "$(dirname "$1")")-$$
  mkdir "$group" && echo $$ > "$group/cgroup.procs"
  timeout --signal KILL 120 unshare --kill-child --mount --pid --fork --net --uts --ipc --cgroup \
    bash "$0" inside "$@" || true # process 1 ends as if interrupted
  echo $$ > "$1/cgroup/cgroup.procs"
  for _ in $(seq 100); do # what was killed may take a moment to be gone
    find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null && break
    sleep 0.1
  done
  exit
fi

dir=$2 release=$3 probe=$4 out=$5 root=$2/root
mkdir "$dir/upper" && mount -t tmpfs tmpfs "$dir/upper" && mkdir "$dir"/upper/{files,work} "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/upper/files,workdir=$dir/upper/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for tmp in dev run tmp; do mount -t tmpfs tmpfs "$root/$tmp"; done
for device in null zero full random urandom tty; do
  touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root"/dev/{pts,shm} && ln -s pts/ptmx "$root/dev/ptmx" && ln -s /proc/self/fd "$root/dev/fd"

mkdir "$root/release" && mount --bind "$release" "$root/release"
cp "$probe" "$root/probe" && touch "$root/probe.out" && mount --bind "$out" "$root/probe.out"
rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf" # here services may start
rm -f "$root/var/lib/man-db/auto-update" # else each installation indexes the manual for seconds
cat > "$root/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash /probe
ExecStopPost=/bin/kill -s RTMIN+4 1
StandardOutput=append:/probe.out
StandardError=append:/probe.out
UNIT

# Each on a line of its own: should one fail, all ends here, and not with systemd over the machine itself.
cd "$root"
mkdir old.root
pivot_root . old.root
umount -l /old.root
rmdir /old.root
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=probe.service
