#!/bin/busybox sh
# The guest's only program: load the modules, see the host's files, run the test, switch off.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
while read -r name; do $b insmod "/modules/$name"; done < /modules/order
$b insmod /modules/v4l2loopback.ko devices=1 exclusive_caps=1 card_label=Understudy
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 host /host
for name in proc sys dev; do $b mount --bind "/$name" "/host/$name"; done
$b mount -t tmpfs tmp /host/tmp
for word in $($b cat /proc/cmdline); do
    case $word in
        python=*) python=${word#python=} ;;
        repository=*) repository=${word#repository=} ;;
    esac
done
$b chroot /host /usr/bin/env -i PATH=/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 PYTHONPATH="$repository" "$python" "$repository/scripts/virtualcam/guest.py" 2>&1
$b poweroff -f
