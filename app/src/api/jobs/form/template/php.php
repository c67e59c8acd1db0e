<?php
// The job's parameter, the index of this shard, the number of shards.
[, $parameter, $shardIndex, $shardTotal] = $argv;

echo "parameter: $parameter\n";
echo "shard: $shardIndex of $shardTotal\n";

// Any other value than 0 is a failure.
exit(0);
