#pragma once
#include <lmdb.h>
// statfs(2), which Swift's Glibc module leaves out.
#include <sys/vfs.h>
// rename(2) of Linux with flags; stdio.h declares it only for _GNU_SOURCE.
int renameat2(int, const char *, int, const char *, unsigned int);
