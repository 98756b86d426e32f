#include <a.h>
namespace a { template <class T> struct B : public C {
  int f(const T& x) const { return x->y::z; }
}; }
int main() { for (auto& x : y) { [&](int a) { return a; }; } }
