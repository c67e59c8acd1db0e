const [parameter, shard, shards] = process.argv.slice(2);
console.log(`version one: ${parameter}, shard ${shard} of ${shards}`);
