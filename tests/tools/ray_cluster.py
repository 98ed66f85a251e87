"""A Ray cluster on this machine: a head that does no work, and two nodes.

Prints its address and its folder as JSON. Each line of standard input is a command: `kill` ends the
first node as SIGKILL does, `add` adds one. At the end of the input all of it ends.
"""

import json
import sys

from ray.cluster_utils import Cluster

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "memory": 8 << 30}


def main() -> None:
    head = {"num_cpus": 0, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={**head, "temp_dir": sys.argv[1]})
    nodes = [cluster.add_node(**NODE) for _ in range(2)]
    folder = cluster.head_node.get_session_dir_path()
    print(json.dumps({"address": cluster.address, "folder": folder}), flush=True)
    for line in sys.stdin:
        if line == "kill\n":
            cluster.remove_node(nodes.pop(0), allow_graceful=False)
        elif line == "add\n":
            nodes.append(cluster.add_node(**NODE))
        print(json.dumps({"done": line.strip()}), flush=True)
    cluster.shutdown()


main()
