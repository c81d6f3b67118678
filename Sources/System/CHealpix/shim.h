#pragma once
#include <chealpix.h>
