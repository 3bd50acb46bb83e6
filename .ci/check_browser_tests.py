"""Fail unless browser tests ran and none of them was skipped, as the JUnit report tells."""

import sys
import xml.etree.ElementTree as ET

cases = [case for case in ET.parse(sys.argv[1]).iter("testcase") if "browser" in case.get("classname", "")]
skipped = [case.get("name") for case in cases if case.find("skipped") is not None]
print(f"{len(cases)} browser tests, {len(skipped)} skipped")
if not cases or skipped:
    sys.exit(f"browser tests must all run; skipped: {skipped}")
