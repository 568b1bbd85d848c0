#!/bin/sh
# After installing or upgrading: a Debian package says "configure", an RPM a number.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  if systemctl is-active --quiet kith.service; then
    systemctl restart kith.service
  else
    systemctl enable --quiet kith.service
    systemctl start kith.service
    echo "Kith runs. API keys and the link that makes the first user: sudo cat /var/lib/kith/first-start.txt"
  fi
else
  echo "systemd does not run here: start 'kith serve' by what you have."
fi
