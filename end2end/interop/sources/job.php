<?php
echo "version one: $argv[1], shard $argv[2] of $argv[3]\n";
