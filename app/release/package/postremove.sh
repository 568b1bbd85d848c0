#!/bin/sh
# After removing. The data is nobody's to remove but its owner's.
set -e
case "$1" in
purge) rm -f /etc/systemd/system/multi-user.target.wants/kith.service ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
case "$1" in
remove | purge | 0) echo "The data stays in /var/lib/kith." ;;
esac
