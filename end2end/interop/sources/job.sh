echo "version one: $1, shard $2 of $3"
