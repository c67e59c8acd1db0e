#!/bin/bash
# Arguments: the job's parameter, the index of this shard, the number of shards.
set -euo pipefail

echo "parameter: $1"
echo "shard: $2 of $3"

# Any other value than 0 is a failure.
exit 0
