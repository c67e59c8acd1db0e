import sys

# The job's parameter, the index of this shard, the number of shards.
parameter, shard_index, shard_total = sys.argv[1:4]

print("parameter:", parameter)
print("shard:", shard_index, "of", shard_total, flush=True)

# Any other value than 0 is a failure, as is an exception.
sys.exit(0)
