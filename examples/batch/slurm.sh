#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
# Converts and verifies an archive as a Slurm job array, and joins the manifests after it.
#   slurm.sh ARCHIVE OUT TASKS [OPTION OF exptool convert…]
# Folders have to be seen by all nodes. Run it again, with any number of tasks, to do what is left. What sbatch should ask for
# goes into SBATCH_… variables, such as SBATCH_PARTITION and SBATCH_TIMELIMIT.
set -euo pipefail
[ $# -ge 3 ] || { sed -n 's/^#   /usage: /p' "$0" >&2; exit 2; }
here=$(realpath "$(dirname "$0")") archive=$(realpath "$1") tasks=$3
mkdir -p "$2"
out=$(realpath "$2")
shift 3
lists=$out/.lists
"$here/plan" "$archive" "$lists" "$tasks"
mkdir -p "$out/.logs"
# a node that fails has its task done by another one
array=$(sbatch --parsable --job-name=exptool --requeue --ntasks=1 --cpus-per-task=1 --array="0-$((tasks - 1))" \
    --output="$out/.logs/%A_%a.log" --wrap "$(printf '%q ' "$here/work" "$archive" "$lists" "$out")"'$SLURM_ARRAY_TASK_ID '"$(printf '%q ' "$@")")
merge=$(sbatch --parsable --job-name=exptool-merge --ntasks=1 --dependency="afterany:$array" --output="$out/.logs/merge.log" \
    --wrap "$(printf '%q ' "$here/merge" "$lists" "$out" "$out/manifest")")
echo "array $array, then merge $merge; logs in $out/.logs"
