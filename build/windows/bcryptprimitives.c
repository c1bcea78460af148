// Wine 8, as Debian has it, lacks the library that Go programs get random numbers from. This one does for a test under Wine.
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
  return RtlGenRandom(data, (ULONG)length);
}
