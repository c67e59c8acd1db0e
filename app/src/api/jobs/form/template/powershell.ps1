# The job's parameter, the index of this shard, the number of shards.
param([string]$Parameter, [int]$ShardIndex, [int]$ShardTotal)
$ErrorActionPreference = "Stop"

Write-Output "parameter: $Parameter"
Write-Output "shard: $ShardIndex of $ShardTotal"

# Any other value than 0 is a failure.
exit 0
