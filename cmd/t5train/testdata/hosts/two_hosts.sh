#!/bin/sh
# Run a command in two network namespaces, as two machines would: they have nothing in common but a cable, so MPI talks over
# TCP. The launcher reaches the second one by an agent that enters its namespace where ssh would log in.
#
#   two_hosts.sh NAME COMMAND...      NAME tells namespaces of several calls apart
#
# CABLE, such as 1gbit, is how much goes through the cable, each way; without it, as much as there is processor for. Needs
# root, for namespaces, and Open MPI.
set -eu
name=$1
shift
one=$name-1 two=$name-2
agent=$(mktemp)
cleanup() {
	ip netns del "$one" 2>/dev/null || true
	ip netns del "$two" 2>/dev/null || true
	rm -f "$agent"
}
trap cleanup EXIT
cleanup
ip netns add "$one"
ip netns add "$two"
ip -n "$one" link add cable type veth peer name cable netns "$two"
ip -n "$one" addr add 10.77.0.1/24 dev cable
ip -n "$two" addr add 10.77.0.2/24 dev cable
for host in "$one" "$two"; do
	ip -n "$host" link set lo up
	ip -n "$host" link set cable up
	if [ -n "${CABLE-}" ]; then ip netns exec "$host" tc qdisc add dev cable root tbf rate "$CABLE" burst 1mb latency 50ms; fi
done
# Called as ssh is: options, a host, and a command for its shell.
cat >"$agent" <<AGENT
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do shift; done
case \$1 in
10.77.0.1) host=$one ;;
*) host=$two ;;
esac
shift
exec ip netns exec "\$host" unshare --uts sh -c "hostname \$host; \$*"
AGENT
chmod +x "$agent"
# No exec: the namespaces are to be removed in the end. Processes of one machine would talk over shared memory,
# and both would be bound to its first core.
ip netns exec "$one" unshare --uts sh -c 'hostname "$0"; exec "$@"' "$one" \
	mpirun.openmpi --allow-run-as-root --mca plm_rsh_agent "$agent" --mca btl tcp,self --mca pml ob1 \
	--mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
	--bind-to none --host 10.77.0.1:1,10.77.0.2:1 -n 2 "$@"
