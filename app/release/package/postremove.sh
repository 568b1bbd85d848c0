#!/bin/sh
# After removing. The data is nobody's to remove but its owner's.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
case "$1" in
remove | purge | 0) echo "The data stays in /var/lib/kith." ;;
esac
