# What an administrator does with the packages, on a machine that systemd runs.
# Each check prints a line that starts with ok or FAIL.
export SYSTEMD_PAGER= DEBIAN_FRONTEND=noninteractive

check() { # WHAT COMMAND…
  local what=$1
  shift
  if "$@" > /root/said 2>&1; then echo "ok   $what"; else
    echo "FAIL $what: $*"
    tail -n 5 /root/said
    systemctl status autoconfig --no-pager
  fi
}
not() { ! "$@"; }
eventually() { # COMMAND…
  for _ in $(seq 100); do "$@" && return; sleep 0.1; done
  return 1
}
active() { systemctl --quiet is-active autoconfig; }
enabled() { systemctl --quiet is-enabled autoconfig; }
pid() { systemctl show -P MainPID autoconfig; }
answers() { curl -fsS --max-time 15 "http://127.0.0.1:$1/mail/config-v1.1.xml?emailaddress=you@live.co.uk" | grep outlook.office365.com; }
status() { grep -E "^$1:[[:space:]]*$2" "/proc/$(pid)/status"; }
logged() { journalctl -u autoconfig --no-pager | grep "$1"; }
deb=$(echo /release/*_amd64.deb) rpm=$(echo /release/*.x86_64.rpm)
config=/etc/autoconfig/autoconfig.yaml

# The same package with the next version and another configuration inside.
next=/root/next.deb
dpkg-deb -R "$deb" /root/next && sed -i 's/^Version: .*/Version: 9.9.9-1/' /root/next/DEBIAN/control
echo '# next' >> /root/next$config
dpkg-deb -Znone -b /root/next $next > /dev/null

check "dpkg -i installs" dpkg -i "$deb"
check "the service runs, since Debian starts what is installed" active
check "it starts with the machine" enabled
check "it answers with its shipped configuration" answers 8080
check "systemd finds no fault in the unit" systemd-analyze verify autoconfig.service
check "it is no root" status Uid "$(id -u autoconfig)"
check "its one capability is to open low ports" status CapEff 0000000000000400
check "it may never have another" status CapBnd 0000000000000400
check "system calls are filtered" status Seccomp 2
check "descriptors are plenty" test "$(systemctl show -P LimitNOFILE autoconfig)" = 524288
check "what is installed is what was packed" test -z "$(dpkg -V autoconfig)"
check "the manual is there" man -w autoconfig-serve

before=$(pid)
check "systemctl reload" systemctl reload autoconfig
check "it has read everything again" eventually logged 'msg=reloaded'
check "it is ready again" eventually active
check "a reload starts nothing new" test "$before" = "$(pid)"

check "kill -9" systemctl kill --signal KILL autoconfig
check "it comes back by itself" eventually answers 8080
check "as a new process" not test "$before" = "$(pid)"

# An upgrade and a way back under load, behind the proxy of docs/upgrade.md.
awk '/^```haproxy$/ { on = 1; next } /^```$/ { on = 0 } on' /usr/share/doc/autoconfig/docs/upgrade.md > /root/haproxy.cfg
haproxy -f /root/haproxy.cfg > /root/haproxy.log 2>&1 &
check "HAProxy passes requests on" eventually answers 80
load() { # NAME COMMAND…
  while [ ! -e /root/stop ]; do "${@:2}" > /dev/null 2>&1 && echo answered || echo lost; done > "/root/$1"
}
ask="<Autodiscover xmlns='http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006'><Request><EMailAddress>you@live.co.uk</EMailAddress>
<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
post() { curl -fsS --max-time 15 -H 'Content-Type: text/xml' -d "$ask" "http://127.0.0.1/autodiscover/autodiscover.xml" | grep live.co.uk; }
check "Outlook's question is answered" post
load gets answers 80 &
gets=$!
load posts post &
posts=$!
before=$(pid)
check "dpkg -i of the next version, under load" dpkg -i $next
after=$(pid)
check "dpkg -i of the version before, under load" dpkg -i "$deb"
check "each time a new process" test "$before" != "$after" -a "$after" != "$(pid)"
enough() { test "$(wc -l < /root/gets)" -gt 20 -a "$(wc -l < /root/posts)" -gt 20; }
check "there were some of each" eventually enough
touch /root/stop
wait $gets $posts
echo "     under load: $(cat /root/gets /root/posts | sort | uniq -c | tr -s ' \n' ' ')"
check "no request was lost" not grep -q lost /root/gets /root/posts
kill %1 && wait %1

cp $config /root/good && echo 'nonsense: 1' >> $config
check "a reload of a bad configuration fails" not systemctl reload autoconfig
check "and says why" logged "autoconfig.yaml:.*nonsense"
check "while the settings from before are served" answers 8080
check "a restart with a bad configuration fails" not systemctl restart autoconfig
cp /root/good $config
check "once fixed it comes back by itself" eventually answers 8080

sed -i 's/^listen: .*/listen: ":80"/' $config
printf 'listen_tls: ":443"\nservice_host: autoconfig.hoster.example\ntls:\n  acme: {email: hostmaster@hoster.example}\n' >> $config
check "restart on ports 80 and 443 with certificates on demand" systemctl restart autoconfig
check "it answers on port 80" answers 80
check "it keeps certificates where only it can read" test "$(stat -c '%a %U' /var/lib/autoconfig)" = "700 autoconfig"
check "the folder for them is there" test -d /var/lib/autoconfig/certificates

before=$(pid)
check "dpkg -i upgrades" dpkg -i --force-confdef --force-confold $next
check "the new program runs" not test "$before" = "$(pid)"
check "with the administrator's configuration" answers 80
check "which is as it was" grep -x 'listen_tls: ":443"' $config
systemctl stop autoconfig
check "dpkg -i of the version before goes back" dpkg -i --force-confdef --force-confold "$deb"
check "what was stopped stays stopped" not active
systemctl disable --quiet autoconfig
check "dpkg -i upgrades again" dpkg -i --force-confdef --force-confold $next
check "what was disabled stays disabled" not enabled
systemctl start autoconfig

check "dpkg -r removes" dpkg -r autoconfig
check "nothing runs" not pgrep -x autoconfig
check "the configuration stays" test -e $config
check "certificates stay" test -d /var/lib/autoconfig/certificates
check "dpkg -P purges" dpkg -P autoconfig
check "no configuration" not test -e /etc/autoconfig
check "no certificates" not test -e /var/lib/autoconfig
check "the user stays" id autoconfig

check "rpm -i installs" rpm -i --nodeps "$rpm"
check "it does not run, since rpm's distributions leave that to the administrator" not active
check "systemctl start" systemctl start autoconfig
check "it answers" answers 8080
before=$(pid)
echo '# mine' >> $config
check "rpm -U installs again" rpm -U --force --nodeps "$rpm"
check "a new process runs" not test "$before" = "$(pid)"
check "with the administrator's configuration" grep -x '# mine' $config
check "rpm -e removes" rpm -e autoconfig
check "nothing runs" not pgrep -x autoconfig
check "the changed configuration is kept" grep -x '# mine' $config.rpmsave
