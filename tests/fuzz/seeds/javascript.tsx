export class A extends B {
  async f(a, {b, c}) {
    if (a) { return `x${b}`; } else if (c) d(); else { }
    for (const x of y) { z => z; }
    try { } catch (e) { } finally { }
    return <a b="c" {...d}>t<e/></a>;
  }
}
import x, {y} from "z";
