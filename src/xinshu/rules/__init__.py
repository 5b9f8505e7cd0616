"""Rules 规则: what the law counts, as dated data: reporting deadlines, publicity periods of penalties, the calendar.

It answers "until when" and "how long" for facts handed in; the answers are pure functions of facts and data. The values
stand in `profiles/<name>/rules/*.yaml` and `calendar.yaml` with days of validity, mark and source beside each; none
stands in code. It does NOT read records, judge cells (catalogue), show or hide anything (publication) or run cases
(rights). It follows docs/rules.md and may import the kernel only.
"""
