# The world around the machine of docs/operate.md: an authority, name servers,
# and an address. What the page says follows, one step a command.
export SYSTEMD_PAGER= DEBIAN_FRONTEND=noninteractive PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0
here=5.9.10.11 # an address like the world's, of this machine alone

step() { # COMMAND
  if bash -o pipefail -c "$1" > /root/said 2>&1; then echo "ok   $1"; else echo "FAIL $1"; fi
  sed 's/^/     /' /root/said
}

set -e
ip link set lo up
ip addr add $here/32 dev lo
resolver=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf 2>/dev/null || true) # the machine's own: what answers there is ours
resolver=${resolver:-127.0.0.1}
ip addr add $resolver/32 dev lo 2>/dev/null || true # a loopback address is there already

mkdir -m 777 /root/dns && chmod 755 /root
for zone in hoster customer root; do
  cat > /root/dns/$zone <<ZONE
\$TTL 60
@ IN SOA ns.hoster.example. hostmaster.hoster.example. 1 3600 600 86400 60
@ IN NS ns.hoster.example.
ZONE
done
printf 'ns A %s\nautoconfig A %s\nmail A %s\n' $here $here $here >> /root/dns/hoster
printf '@ MX 10 mail.hoster.example.\n' >> /root/dns/customer
printf 'ns.hoster.example. A %s\n' $here >> /root/dns/root
tsig-keygen autoconfig > /root/dns/tsig.key
chmod 644 /root/dns/*
cat > /root/dns/named.conf <<'CONF'
include "/root/dns/tsig.key";
options {
  directory "/root/dns"; pid-file none; session-keyfile none; recursion yes; dnssec-validation no;
  listen-on { 127.0.0.1; RESOLVER; 5.9.10.11; }; listen-on-v6 { none; };
};
controls { };
zone "hoster.example" { type primary; file "hoster"; };
zone "." { type primary; file "root"; }; // there is no other: the watch asks it whether resolvers answer
zone "customer.example" { type primary; file "customer"; allow-update { key autoconfig; }; };
CONF
sed -i "s/RESOLVER/$resolver/" /root/dns/named.conf
named -c /root/dns/named.conf

trust=/usr/local/share/ca-certificates
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout /root/pebble.key -out $trust/pebble.crt \
  -subj /CN=pebble -addext subjectAltName=IP:127.0.0.1 2> /dev/null
cat > /root/pebble.json <<CONF
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "httpPort": 80, "tlsPort": 443,
  "certificate": "$trust/pebble.crt", "privateKey": "/root/pebble.key"}}
CONF
/release/pebble -config /root/pebble.json -dnsserver 127.0.0.1:53 > /root/pebble.log 2>&1 &
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -keyout /root/mail.key -out $trust/mail.crt \
  -subj /CN=mail.hoster.example -addext subjectAltName=DNS:mail.hoster.example 2> /dev/null
/release/mailhost $trust/mail.crt /root/mail.key > /root/mailhost.log 2>&1 &
update-ca-certificates > /dev/null 2>&1
for _ in $(seq 100); do curl -fs https://127.0.0.1:15000/roots/0 -o $trust/root.crt && break; sleep 0.1; done
update-ca-certificates > /dev/null 2>&1
mkdir -p /etc/autoconfig && install -m 600 /root/dns/tsig.key /etc/autoconfig/ # an administrator has one
set +e
cd /release
