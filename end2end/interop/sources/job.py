import sys

print("version one: %s, shard %s of %s" % tuple(sys.argv[1:4]))
