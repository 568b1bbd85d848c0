#!/bin/sh
# Boots systemd in namespaces of its own (mounts, processes, network …), on a copy of this
# machine's root that is thrown away: what a test installs there reaches nothing outside.
# Called by `unshare`; see machine_test.go. $1: an empty folder, $2: a folder seen as /given,
# $3: "none" for a machine without systemd, whose scripts are run by hand or by OpenRC.
set -eu
work=$1
mount --make-rprivate /
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/scratch" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/scratch" "$work/root"
cd "$work/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for d in null zero full random urandom tty; do
  : >"dev/$d"
  mount --bind "/dev/$d" "dev/$d"
done
mkdir dev/shm dev/pts dev/mqueue dev/hugepages
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
if [ ! -e sys/fs/cgroup/cgroup.controllers ]; then
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/unified sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd systemd sys/fs/cgroup/systemd
fi
mkdir given before
mount --bind "$2" given
# Nothing but the journal starts: no devices, no kernel's settings, no services of the machine.
find etc/systemd/system lib/systemd/system/sysinit.target.wants lib/systemd/system/multi-user.target.wants \
  -mindepth 1 ! -name 'systemd-journald*' -delete
rm -rf var/log/journal etc/kith var/lib/kith var/lib/private/kith
pivot_root . before
umount -l /before
mount --make-rshared /
export container=test
if [ "$3" = none ]; then
  ip link set lo up 2>/dev/null || true
  exec bash -c 'for ((n = 0; n < 1000; n++)); do sleep 1; done' # takes in whom nobody waits for
fi
exec /lib/systemd/systemd --log-target=journal --log-level=info --unit=multi-user.target >/dev/null 2>&1
