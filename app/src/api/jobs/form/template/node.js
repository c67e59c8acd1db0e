// The job's parameter, the index of this shard, the number of shards.
const [parameter, shardIndex, shardTotal] = process.argv.slice(2);

console.log(`parameter: ${parameter}`);
console.log(`shard: ${shardIndex} of ${shardTotal}`);

// Any other value than 0 is a failure, as is an uncaught error.
process.exitCode = 0;
