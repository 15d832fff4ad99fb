# SPDX-License-Identifier: Apache-2.0
# In the place of partman-partitioning: partition tables.

prepare_new_labels () {
	return 0
}

create_new_label () { # DEVICE-FOLDER ASK
	cd "$1"
	open_dialog NEW_LABEL gpt
	close_dialog
	echo gpt >label
	rm -f partition_tree_cache
}

# Runs a command for each partition of each disk, with ID and PATH appended.
each_partition () {
	local dev list part num id size type fs path name
	for dev in $DEVICES/*; do
		[ -d "$dev" ] || continue
		cd "$dev"
		list=
		open_dialog PARTITIONS
		while { read_line num id size type fs path name; [ "$id" ]; }; do
			[ "$fs" = free ] || list="$list $id,$path"
		done
		close_dialog
		for part in $list; do
			"$@" "${part%%,*}" "${part#*,}" || return 1
		done
	done
}
