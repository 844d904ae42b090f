#!/bin/bash
# A real v4l2loopback in a small virtual machine: Understudy writes to it, ffmpeg reads it back.
#
# Needs Debian or Ubuntu with qemu-system-x86, cpio, gcc, make, xz-utils, ffmpeg, and a Python that
# has Understudy's packages and pyvirtualcam. Nothing is installed: kernel, headers and module are
# downloaded as packages into a cache (85 MB), unpacked there, and the module is compiled there.
# The guest sees this machine's files read-only, so it runs the same Python.
#
# Usage: scripts/virtualcam/run.sh [PYTHON]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
python=$(command -v "${1:-$repository/.venv/bin/python}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/understudy/virtualcam-vm
limit_s=${LIMIT_S:-900}

for program in qemu-system-x86_64 cpio gcc make xz ffmpeg dpkg-deb apt-get; do
    command -v "$program" >/dev/null || {
        echo "$program is missing: sudo apt-get install qemu-system-x86 cpio gcc make xz-utils ffmpeg" >&2
        exit 1
    }
done

mkdir -p "$cache/packages" "$cache/root"
cd "$cache"

name_of() { apt-cache depends "$1" | sed -n "s/^ *Depends: \($2[^ ]*\)$/\1/p" | head -n 1; }
image=$(name_of linux-image-amd64 linux-image-)
headers=$(name_of linux-headers-amd64 linux-headers-)
release=${image#linux-image-}

if [ ! -e "root/.$release" ]; then
    echo "fetching $image"
    common=$(apt-cache depends "$headers" | sed -n 's/^ *Depends: \(linux-headers-[^ ]*-common\)$/\1/p')
    kbuild=$(apt-cache depends "$headers" | sed -n 's/^ *Depends: \(linux-kbuild-[^ ]*\)$/\1/p')
    rm -rf root packages && mkdir root packages
    (cd packages && apt-get download -q "$image" "$headers" "$common" "$kbuild" \
        v4l2loopback-dkms busybox-static)
    for package in packages/*.deb; do dpkg-deb -x "$package" root; done
    # The headers name each other by absolute paths.
    grep -rlE '(^|[ =])/usr/(src|lib)/linux' root/usr/src/"$headers"/Makefile \
        root/usr/src/"$headers"/.kernelvariables 2>/dev/null \
        | xargs -r sed -i "s#/usr/src/linux#$cache/root/usr/src/linux#g; s#/usr/lib/linux#$cache/root/usr/lib/linux#g"
    touch "root/.$release"
fi

module_source=$(echo root/usr/src/v4l2loopback-*)
if [ ! -e "$module_source/v4l2loopback.ko" ]; then
    echo "compiling $(basename "$module_source") for $release"
    make -s -C "root/usr/src/$headers" M="$cache/$module_source" CC="$(command -v gcc)" modules
fi

echo "packing the first files of the guest"
rm -rf initramfs && mkdir -p initramfs/{bin,modules,proc,sys,dev,host}
cp "$(find root -path '*bin/busybox' | head -n 1)" initramfs/bin/busybox
cp "$here/init.sh" initramfs/init
chmod +x initramfs/init
cp "$module_source/v4l2loopback.ko" initramfs/modules/
# Everything these need is listed with them; what is built into the kernel has no file.
libraries=root/lib/modules/$release
[ -d "$libraries" ] || libraries=root/usr/lib/modules/$release
/sbin/depmod -b "${libraries%/lib/modules/*}" "$release"
for wanted in virtio_pci 9pnet_virtio 9p videodev; do
    /sbin/modprobe -d "$cache/${libraries%/lib/modules/*}" -S "$release" --show-depends "$wanted"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' > modules.list
while read -r file; do
    name=$(basename "$file")
    case $name in
        *.xz) xz -dc "$file" > "initramfs/modules/${name%.xz}"; name=${name%.xz} ;;
        *) cp "$file" initramfs/modules/ ;;
    esac
    echo "$name" >> initramfs/modules/order
done < modules.list
(cd initramfs && find . | cpio -o -H newc --quiet | gzip -1 > ../initramfs.gz)

echo "starting the guest"
kernel=$(find root/boot -name "vmlinuz-$release")
log=$cache/guest.log
# Emulated, unless asked for: a /dev/kvm inside a virtual machine may be there and hang.
accelerator=${ACCEL:-tcg}
timeout "$limit_s" qemu-system-x86_64 -accel "$accelerator" -m 2048 -smp 2 -cpu max \
    -nographic -no-reboot -net none \
    -kernel "$kernel" -initrd initramfs.gz \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -append "console=ttyS0 quiet panic=-1 python=$python repository=$repository" \
    < /dev/null > "$log" 2>&1 || true

sed -n 's/\r$//; /^guest: /p' "$log"
if grep -q '^guest: passed' "$log"; then exit 0; fi
echo "the guest did not pass; the end of $log:" >&2
tail -n 40 "$log" >&2
exit 1
