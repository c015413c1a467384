#pragma once
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
