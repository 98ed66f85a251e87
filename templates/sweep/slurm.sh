#!/bin/sh
# sbatch --export=ALL,MIRRORS=/shared/mirrors,REPORTS=/shared/reports slurm.sh
# Afterwards: keysweep merge /shared/reports --output all.sarif
#SBATCH --job-name=keysweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --requeue
set -eu
shard=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))
shards=$((SLURM_ARRAY_TASK_MAX - SLURM_ARRAY_TASK_MIN + 1))
# 3: something could not be read; the merged report says what.
keysweep sweep "$MIRRORS" --shard "$shard/$shards" --partial "$REPORTS/$shard.partial" --fail-on never ||
  [ $? -eq 3 ]
