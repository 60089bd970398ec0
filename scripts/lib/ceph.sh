# Ceph's object gateway over a cluster of one: a monitor, one store in memory, the gateway. Three processes, no manager:
# nothing here needs its statistics. What is stored is gone when it stops.

# ceph_up STATE: starts a fresh cluster and notes its gateway as a store.
ceph_up() {
    local state=$1 folder=$1/ceph port secret_key
    port=$(free_port)
    secret_key=$(secret)
    ceph_down "$state"
    rm -rf "$folder"
    mkdir -p "$folder"/{mon,osd,log}
    ceph_configure "$folder" "$(free_port)" "$port"
    ceph_monitor_up "$state" "$folder" && ceph_disk_up "$state" "$folder" || return 1
    timeout 60 radosgw-admin --conf "$folder/ceph.conf" --name client.rgw user create --uid=handin --display-name=handin \
        --access-key=handin --secret-key="$secret_key" >"$folder/log/user.log" 2>&1 || { cat "$folder/log/user.log" >&2; return 1; }
    launch "$state" ceph-rgw radosgw --conf "$folder/ceph.conf" --name client.rgw --foreground
    ready "$state" ceph-rgw 60 answers "$port" || return 1
    store "$state" ceph-rgw "http://127.0.0.1:$port" us-east-1 handin "$secret_key"
}

ceph_down() {
    local name
    for name in ceph-rgw ceph-osd ceph-mon; do stop "$1" "$name"; done
}

# The monitor's folder has to be made from a map of the cluster and the keys of everybody in it.
ceph_monitor_up() {
    local state=$1 folder=$2
    ceph_keys "$folder/keyring" >"$folder/log/mkfs.log"
    {
        monmaptool --create --fsid "$(ceph_setting "$folder" fsid)" --addv a "[$(ceph_setting "$folder" 'mon host')]" "$folder/monmap" &&
            ceph-mon --conf "$folder/ceph.conf" --id a --mkfs --monmap "$folder/monmap" --keyring "$folder/keyring"
    } >>"$folder/log/mkfs.log" 2>&1 || { cat "$folder/log/mkfs.log" >&2; return 1; }
    launch "$state" ceph-mon ceph-mon --conf "$folder/ceph.conf" --id a --foreground
    ready "$state" ceph-mon 30 ceph_tool "$folder" mon stat
}

ceph_disk_up() {
    local state=$1 folder=$2 uuid
    uuid=$(cat /proc/sys/kernel/random/uuid)
    ceph_tool "$folder" osd new "$uuid" 0 >>"$folder/log/mkfs.log" 2>&1 &&
        ceph-osd --conf "$folder/ceph.conf" --id 0 --mkfs --osd-uuid "$uuid" >>"$folder/log/mkfs.log" 2>&1 ||
        { cat "$folder/log/mkfs.log" >&2; return 1; }
    launch "$state" ceph-osd ceph-osd --conf "$folder/ceph.conf" --id 0 --foreground
    ready "$state" ceph-osd 60 ceph_disk_is_up "$folder"
}

ceph_disk_is_up() { ceph_tool "$1" osd stat | grep -q '1 up'; }

ceph_tool() {
    local folder=$1
    shift
    timeout 20 ceph --conf "$folder/ceph.conf" --connect-timeout 5 "$@"
}

# ceph_setting FOLDER NAME: what the written configuration says.
ceph_setting() { sed -n "s/^$2 = //p" "$1/ceph.conf"; }

# ceph_keys FILE: keys for everybody in one file. Ceph can do without keys, but then its gateway never gets to the monitor.
ceph_keys() {
    ceph-authtool --create-keyring "$1" --gen-key --name mon. --cap mon 'allow *'
    ceph-authtool "$1" --gen-key --name client.admin --cap mon 'allow *' --cap osd 'allow *'
    ceph-authtool "$1" --gen-key --name osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
    ceph-authtool "$1" --gen-key --name client.rgw --cap mon 'allow *' --cap osd 'allow *'
}

# ceph_configure FOLDER MONITOR_PORT GATEWAY_PORT: one copy of everything, in one place, only on loopback.
ceph_configure() {
    local folder=$1
    cat >"$folder/ceph.conf" <<-CONF
	[global]
	fsid = $(cat /proc/sys/kernel/random/uuid)
	mon host = v2:127.0.0.1:$2/0
	public addr = 127.0.0.1
	public network = 127.0.0.0/8
	keyring = $folder/keyring
	run dir = $folder
	admin socket =
	log file = $folder/log/\$name.log
	mon cluster log file = $folder/log/cluster.log
	osd pool default size = 1
	osd pool default min size = 1
	osd pool default pg num = 1
	osd pool default pgp num = 1
	osd pool default pg autoscale mode = off
	osd crush chooseleaf type = 0
	mon allow pool size one = true
	mon max pg per osd = 1000
	[mon.a]
	mon data = $folder/mon
	[osd.0]
	osd objectstore = memstore
	osd data = $folder/osd
	memstore device bytes = 8589934592
	[client.rgw]
	keyring = $folder/keyring
	rgw data = $folder
	rgw frontends = beast endpoint=127.0.0.1:$3
	CONF
}
