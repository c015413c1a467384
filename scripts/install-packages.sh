#!/bin/sh
# Installs the Debian packages that a purpose needs and that are not there yet.
#   scripts/install-packages.sh build     what mon is built from
#   scripts/install-packages.sh test      and what its tests talk to
set -eu

build="liblmdb-dev libre2-dev libdeflate-dev libyaml-dev"
test="prometheus prometheus-node-exporter python3-prometheus-client python3-pip curl binutils"
# From PyPI, beside the Debian packages and not among them: a client, and what Python programs ask a host with.
clients="prometheus-api-client==0.7.2 psutil==7.1.3"

case "${1:-}" in
build) wanted=$build ;;
test) wanted="$build $test" ;;
*) echo "usage: $0 build|test" >&2; exit 2 ;;
esac

missing=""
for package in $wanted; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
install_clients() {
    [ "$1" = test ] || return 0
    [ ! -e .build/python/prometheus_api_client ] || [ ! -e .build/python/psutil ] || return 0
    echo "installing: $clients"
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade \
        --target .build/python $clients || echo "could not install $clients: their tests are left out" >&2
}
if [ -z "$missing" ]; then
    install_clients "$1"
    exit 0
fi

root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "please install, as root:$missing" >&2; exit 1; }
    root=sudo
fi
echo "installing:$missing"
$root apt-get update -qq
# Debian starts the services it installs; the tests start their own.
mask=/usr/sbin/policy-rc.d
made_mask=""
if [ ! -e "$mask" ]; then
    printf '#!/bin/sh\nexit 101\n' | $root tee "$mask" >/dev/null
    $root chmod 755 "$mask"
    made_mask=yes
fi
status=0
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing || status=$?
[ -z "$made_mask" ] || $root rm -f "$mask"
[ "$status" -eq 0 ] || exit "$status"
install_clients "$1"
