"""Who may call what: every route, every role, and whose data. Checked by `test_matrix`; a route without a row fails,
and by `test_matrix_whole` a row on somebody's data that does not say whose.

Roles: S staff, C chief, F facility, P personnel, I IT, A auditor, K kiosk, V service. Where a row says `C:section`,
the chief reaches what is the own section's (and the own); `own`: only one's own; `others`: everybody's but that;
`all`: everybody's. On plans of telework nobody decides for themselves: `theirs` is the section's without the own,
`headless` that of sections without a chief (`headless_own`: and the own), `none` what a role alone gives nobody
(deputies: `tests/app/telework`).
"""

from typing import Any

from werkzeug.routing import Rule

# The table is as wide as its longest address.
# ruff: noqa: E501
MATRIX = """
GET /api/docs                                                      | everybody
GET /api/v1/bookings                                               | S:own C:section F:all P:own I:own A:all
POST /api/v1/bookings                                              | S:own C:section F:all P:own I:own
GET /api/v1/bookings/<int:booking_id>                              | S:own C:section F:all P:own I:own A:all
PATCH /api/v1/bookings/<int:booking_id>                            | S:own C:section F:all P:own I:own
DELETE /api/v1/bookings/<int:booking_id>                           | S:own C:section F:all P:own I:own
POST /api/v1/bookings/<int:booking_id>/check-in                    | S:own C:section F:all P:own I:own
POST /api/v1/bookings/<int:booking_id>/end                         | S:own C:section F:all P:own I:own
POST /api/v1/bookings/<int:booking_id>/decline                     | S:own C:own F:own P:own I:own
GET /api/v1/bookings/<int:booking_id>/history                      | S:own C:section F:all P:own I:own A:all
POST /api/v1/bookings/<int:booking_id>/reclaim                     | S:own C:section F:all P:own I:own
POST /api/v1/bookings/<int:booking_id>/still-coming                | S:own C:section F:all P:own I:own
POST /api/v1/bookings/cancel                                       | S:own C:section F:all P:own I:own
POST /api/v1/bookings/now                                          | SCFPI
GET /api/v1/bookings/invitations                                   | SCFPI
GET /api/v1/closures                                               | SCFPIAKV
POST /api/v1/closures                                              | F
GET /api/v1/closures/<int:closure_id>                              | SCFPIAKV
DELETE /api/v1/closures/<int:closure_id>                           | F
GET /api/v1/desks/<string:code>                                    | SCFPI
GET /api/v1/exports/<string:name>                                  | FPI
GET /api/v1/fixed-seats                                            | F
GET /api/v1/fixed-seats/<int:fixed_id>                             | F
DELETE /api/v1/fixed-seats/<int:fixed_id>                          | F
GET /api/v1/floors                                                 | SCFPIAKV
GET /api/v1/floors/<int:floor_id>                                  | SCFPIAKV
GET /api/v1/floors/<int:floor_id>/availability                     | SCFPIAKV
POST /api/v1/imports/<string:name>                                 | FPI
GET /api/v1/lots                                                   | SCFPIA
GET /api/v1/lots/<int:draw_id>                                     | SCFPIA
GET /api/v1/lots/<int:draw_id>/check                               | SCFPIA
GET /api/v1/lots/<int:draw_id>/record                              | SCFPIA
GET /api/v1/lots/<int:draw_id>/wish                                | SCFPI
PUT /api/v1/lots/<int:draw_id>/wish                                | SCFPI
DELETE /api/v1/lots/<int:draw_id>/wish                             | SCFPI
POST /api/v1/kiosk/card                                            | K
POST /api/v1/kiosk/check-in                                        | K
POST /api/v1/kiosk/sit                                             | K
POST /api/v1/intake/<string:wire>                                  | V
GET /api/v1/me                                                     | SCFPIAKV
PATCH /api/v1/me                                                   | SCFPIA
GET /api/v1/me/calendar                                            | SCFPI
POST /api/v1/me/calendar/renew                                     | SCFPI
GET /api/v1/me/card                                                | SCFPI
PUT /api/v1/me/card                                                | SCFPI
DELETE /api/v1/me/card                                             | SCFPI
GET /api/v1/me/export                                              | SCFPIA
GET /api/v1/me/looks                                               | SCFPIA
GET /api/v1/me/notifications                                       | SCFPI
PUT /api/v1/me/notifications                                       | SCFPI
GET /api/v1/messages                                               | SCFPIA
POST /api/v1/messages/<int:message_id>/read                        | SCFPIA
GET /api/v1/openapi.json                                           | everybody
GET /api/v1/outages                                                | SCFPIAKV
GET /api/v1/outages/<int:outage_id>                                | SCFPIAKV
DELETE /api/v1/outages/<int:outage_id>                             | F
GET /api/v1/people                                                 | SCFPIA
POST /api/v1/people                                                | PI
GET /api/v1/people/<int:user_id>                                   | P:all I:all A:all
PATCH /api/v1/people/<int:user_id>                                 | P:all I:all
DELETE /api/v1/people/<int:user_id>/identity                       | I:all
POST /api/v1/people/<int:user_id>/leave                            | P:others I:others
DELETE /api/v1/people/<int:user_id>/leave                          | P:others I:others
POST /api/v1/people/<int:user_id>/password-code                    | I:all
PUT /api/v1/people/<int:user_id>/sections                          | P:all I:all
GET /api/v1/policies                                               | SCFPIA
POST /api/v1/policies                                              | F
GET /api/v1/policies/<string:kind>                                 | SCFPIA
PATCH /api/v1/policies/<string:kind>                               | F
DELETE /api/v1/policies/<string:kind>                              | F
GET /api/v1/presence                                               | C:section P:all A:all
GET /api/v1/reports/<string:name>                                   | S:own C:section F:own P:all I:own A:all
GET /api/v1/sections                                               | SCFPIA
POST /api/v1/sections                                              | PI
GET /api/v1/sections/<int:section_id>                              | SCFPIA
PATCH /api/v1/sections/<int:section_id>                            | PI
GET /api/v1/sensors                                                | FI
POST /api/v1/sensors                                               | FI
GET /api/v1/sensors/<path:sensor_id>                               | FI
PATCH /api/v1/sensors/<path:sensor_id>                             | FI
POST /api/v1/sensors/<path:sensor_id>/swap                         | FI
DELETE /api/v1/sensors/<path:sensor_id>                            | FI
GET /api/v1/series                                                 | S:own C:section F:all P:own I:own A:all
POST /api/v1/series/<int:series_id>/confirm                        | S:own C:own F:own P:own I:own
GET /api/v1/sites                                                  | SCFPIAKV
GET /api/v1/sites/<int:site_id>                                    | SCFPIAKV
PUT /api/v1/sites/<int:site_id>/hours                              | F
GET /api/v1/spaces                                                 | SCFPIAKV
POST /api/v1/spaces                                                | F
GET /api/v1/spaces/<int:space_id>                                  | SCFPIAKV
PATCH /api/v1/spaces/<int:space_id>                                | F
DELETE /api/v1/spaces/<int:space_id>                               | F
POST /api/v1/spaces/<int:space_id>/claim                           | SCFPI
POST /api/v1/spaces/<int:space_id>/fixed-seat                      | F
POST /api/v1/spaces/<int:space_id>/outage                          | F
DELETE /api/v1/spaces/<int:space_id>/outage                        | F
GET /api/v1/telework/days                                          | S:own C:own F:own P:all I:own A:all
GET /api/v1/telework/days/<int:half_day_id>                        | S:own C:section F:own P:all I:own A:all
POST /api/v1/telework/days/<int:half_day_id>/correct                | S:own C:section F:own P:all I:own
GET /api/v1/telework/export-mapping                                | PA
PUT /api/v1/telework/export-mapping                                | P
GET /api/v1/telework/months                                        | PA
GET /api/v1/telework/months/<string:month>                         | PA
POST /api/v1/telework/months/<string:month>/close                  | P
GET /api/v1/telework/months/<string:month>/export                  | PA
POST /api/v1/telework/months/<string:month>/reopen                 | P
GET /api/v1/telework/plans                                         | SCFPI
PUT /api/v1/telework/plans                                         | SCFPI
GET /api/v1/telework/plans/<int:plan_id>                           | S:own C:section F:own P:headless_own I:own
GET /api/v1/telework/needless                                      | SCFPI
POST /api/v1/telework/needless                                     | S:own C:own F:own P:own I:own
GET /api/v1/rotations                                              | C:section P:all A:all
POST /api/v1/rotations                                             | C:section
GET /api/v1/rotations/<int:rotation_id>                            | C:section P:all A:all
POST /api/v1/rotations/<int:rotation_id>/cancel                    | C:section
POST /api/v1/rotations/<int:rotation_id>/publish                   | C:section
GET /api/v1/rotations/<int:rotation_id>/swaps                      | C:section P:all A:all
POST /api/v1/rotations/<int:rotation_id>/swaps                     | C:section
GET /api/v1/rotations/swaps                                        | SCFPI
POST /api/v1/rotations/swaps/<int:swap_id>/accept                  | S:own C:own F:own P:own I:own
POST /api/v1/rotations/swaps/<int:swap_id>/decline                 | S:own C:own F:own P:own I:own
GET /api/v1/rotations/locks                                        | C:section P:all A:all
POST /api/v1/rotations/<int:rotation_id>/withdraw                  | C:section
PUT /api/v1/rotations/locks                                        | C:section
GET /api/v1/rotations/what-if                                      | C:section P:all A:all
GET /api/v1/sections/<int:section_id>/rotation-setting             | C:section P:all A:all
PUT /api/v1/sections/<int:section_id>/rotation-setting             | C:section
GET /rotation                                                      | C:section P:all A:all
POST /rotation                                                     | C:section
GET /rotation/<int:rotation_id>/progress                           | C:section P:all A:all
POST /rotation/<int:rotation_id>/cancel                            | C:section
POST /rotation/<int:rotation_id>/lock                              | C:section
GET /rotation/<int:rotation_id>/publish                            | C:section
GET /rotation/seats                                                | C:section P:all A:all
GET /rotation/seats/answer                                         | C:section P:all A:all
GET /rotation/setting                                              | C:section P:all A:all
POST /rotation/<int:rotation_id>/swaps                             | C:section
GET /rotation/swaps                                                | SCFPI
POST /rotation/swaps/<int:swap_id>                                 | S:own C:own F:own P:own I:own
POST /rotation/setting                                             | C:section
POST /rotation/<int:rotation_id>/publish                           | C:section
POST /rotation/<int:rotation_id>/withdraw                          | C:section
GET /api/v1/telework/approvals                                     | SCFPI
POST /api/v1/telework/approvals                                    | S:none C:theirs F:none P:headless I:none
GET /api/v1/telework/breaches                                      | PA
GET /api/v1/telework/caps                                          | S:own C:section F:own P:all I:own A:all
GET /api/v1/telework/deputies                                      | CPA
POST /api/v1/telework/deputies                                     | C:own P:all
GET /api/v1/telework/deputies/<int:deputy_id>                      | C:own P:all A:all
DELETE /api/v1/telework/deputies/<int:deputy_id>                   | C:own P:all
POST /api/v1/telework/plans/<int:plan_id>/approve                  | S:none C:theirs F:none P:headless I:none
POST /api/v1/telework/plans/<int:plan_id>/reject                   | S:none C:theirs F:none P:headless I:none
POST /api/v1/telework/plans/<int:plan_id>/report                   | S:own C:own F:own P:own I:own
POST /api/v1/telework/plans/<int:plan_id>/restore                  | S:own C:own F:own P:own I:own
POST /api/v1/telework/plans/<int:plan_id>/revoke                   | S:none C:theirs F:none P:headless I:none
POST /api/v1/telework/plans/<int:plan_id>/withdraw                 | S:own C:own F:own P:own I:own
GET /api/v1/telework/rules                                         | SCFPIA
POST /api/v1/telework/rules                                        | P
GET /api/v1/telework/rules/<int:rule_id>                           | SCFPIA
DELETE /api/v1/telework/rules/<int:rule_id>                        | P
GET /api/v1/tokens                                                 | S:own C:own F:own P:own I:all A:own K:own V:own
POST /api/v1/tokens                                                | S:own C:own F:own P:own I:own A:own
DELETE /api/v1/tokens/<int:token_id>                               | S:own C:own F:own P:own I:all A:own K:own V:own
GET /api/v1/usage                                                  | S:own C:own F:all P:own I:own A:all
PUT /api/v1/usage/<int:booking_id>/correction                      | F:all
GET /api/v1/waitlist                                               | SCFPI
POST /api/v1/waitlist                                              | SCFPI
GET /api/v1/waitlist/<int:entry_id>                                | S:own C:own F:own P:own I:own K:own
DELETE /api/v1/waitlist/<int:entry_id>                             | S:own C:own F:own P:own I:own K:own
POST /api/v1/waitlist/<int:entry_id>/accept                        | S:own C:own F:own P:own I:own K:own
POST /api/v1/waitlist/<int:entry_id>/decline                       | S:own C:own F:own P:own I:own K:own
GET /api/v1/waitlist/numbers                                       | SCFPIK
POST /api/v1/waitlist/numbers                                      | SCFPIK
GET /api/v1/webhooks                                               | FI
POST /api/v1/webhooks                                              | FI
GET /api/v1/webhooks/<int:webhook_id>                              | FI
DELETE /api/v1/webhooks/<int:webhook_id>                           | FI
POST /api/v1/webhooks/<int:webhook_id>/enable                      | FI
POST /api/v1/webhooks/<int:webhook_id>/secret                      | FI
POST /api/v1/webhooks/<int:webhook_id>/take-over                   | FI
GET /api/v1/zones                                                  | SCFPIAKV
POST /api/v1/zones                                                 | F
GET /api/v1/zones/<int:zone_id>                                    | SCFPIAKV
PATCH /api/v1/zones/<int:zone_id>                                  | F
DELETE /api/v1/zones/<int:zone_id>                                 | F
GET /api/v1/zones/<int:zone_id>/lots                               | SCFPIA
PUT /api/v1/zones/<int:zone_id>/lots                               | F
GET /api/v1/zones/<int:zone_id>/rules                              | SCFPIA
PUT /api/v1/zones/<int:zone_id>/rules                              | F

GET /                                                              | everybody
GET /a/<token>                                                     | everybody
POST /a/<token>                                                    | everybody
GET /account                                                       | SCFPIA
POST /account/password                                             | SCFPIA
POST /account/tokens                                               | SCFPIA
GET /bookings                                                      | SCFPI
POST /bookings                                                     | SCFPI
POST /bookings/<int:booking_id>/<any('check-in', 'end', 'reclaim', 'cancel', 'still-coming'):verb> | S:own C:section F:all P:own I:own
POST /bookings/<int:booking_id>/cancel-series                      | S:own C:section F:all P:own I:own
GET /bookings/<int:booking_id>/change                              | S:own C:section F:all P:own I:own
POST /bookings/<int:booking_id>/change                             | S:own C:section F:all P:own I:own
POST /bookings/<int:booking_id>/decline                            | S:own C:own F:own P:own I:own
GET /bookings/<int:booking_id>/history                             | S:own C:section F:all P:own I:own A:all
POST /bookings/<int:booking_id>/history                            | F:all
POST /bookings/absence                                             | S:own C:section F:all P:own I:own
GET /bookings/others                                               | C:section F:all A:all
GET /calendar/<token>.ics                                          | everybody
GET /card                                                          | SCFPI
POST /card                                                         | SCFPI
GET /day                                                           | SCFPIA
GET /demo                                                          | everybody
GET /demo/clock                                                    | everybody
GET /files                                                         | FPI
GET /files/<string:name>                                           | FPI
POST /files/<string:name>                                          | FPI
GET /floors/<int:floor_id>                                         | SCFPIAK
GET /floors/<int:floor_id>/live                                    | SCFPIAK
GET /floors/<int:floor_id>/spaces/<int:space_id>                   | SCFPIAK
GET /healthz                                                       | everybody
GET /kiosk                                                         | K
POST /kiosk                                                        | K
POST /kiosk/check-in                                               | K
GET /office/sensor                                                 | FI
POST /office/sensor/change                                         | FI
GET /office/sensor/live                                            | FI
POST /office/sensor/plans/<int:move_id>/drop                       | FI
POST /office/sensor/swap                                           | FI
POST /office/sensor/take-off                                       | FI
POST /office/sensor/watch                                          | FI
GET /office/sensors                                                | FI
POST /office/sensors/gateways/forget                               | FI
GET /office/sensors/new                                            | FI
POST /office/sensors/new                                           | FI
POST /kiosk/sit                                                    | K
POST /language                                                     | everybody
GET /login                                                         | everybody
POST /login                                                        | everybody
GET /login/oidc                                                    | everybody
GET /login/oidc/back                                               | everybody
POST /logout                                                       | everybody
GET /lots                                                          | SCFPI
GET /lots/<int:draw_id>                                            | SCFPIA
GET /lots/<int:draw_id>/record.json                                | SCFPIA
POST /lots/<int:draw_id>/wish                                      | SCFPI
POST /lots/<int:draw_id>/withdraw                                  | SCFPI
GET /me                                                            | SCFPIA
GET /me/export                                                     | SCFPIA
GET /messages                                                      | SCFPIA
POST /messages/calendar                                            | SCFPI
GET /messages/choices                                              | SCFPI
POST /messages/choices                                             | SCFPI
GET /metrics                                                       | everybody
POST /now/<any('desk', 'room'):lane>                               | SCFPI
GET /office                                                        | F
POST /office/closures                                              | F
POST /office/closures/<int:closure_id>/reopen                      | F
GET /office/attendance                                             | PA
POST /office/attendance                                            | P
GET /office/months                                                 | PA
GET /office/months/<string:month>                                  | PA
POST /office/months/<string:month>/close                           | P
GET /office/months/<string:month>/export                           | PA
POST /office/months/<string:month>/reopen                          | P
GET /office/desk-codes                                             | F
POST /office/fixed-seats/<int:fixed_id>/end                        | F
GET /office/people                                                 | PIA
POST /office/people                                                | PI
GET /office/people/<int:user_id>                                   | P:all I:all A:all
POST /office/people/<int:user_id>                                  | P:all I:all
POST /office/people/<int:user_id>/leave                            | P:others I:others
POST /office/people/<int:user_id>/password                         | I:all
POST /office/people/<int:user_id>/return                           | P:all I:all
POST /office/people/<int:user_id>/sections                         | P:all I:all
POST /office/people/<int:user_id>/sign-out                         | I:all
POST /office/people/<int:user_id>/stay                             | P:others I:others
POST /office/people/<int:user_id>/tokens                           | I:own
POST /office/people/<int:user_id>/unbind                           | I:all
GET /office/sections                                               | PIA
POST /office/sections                                              | PI
GET /office/sections/<int:section_id>                              | PI
POST /office/sections/<int:section_id>                             | PI
POST /office/outages/<int:outage_id>/lift                          | F
GET /office/rules                                                  | F
POST /office/rules/<any('seat', 'focus_seat', 'booth', 'meeting_booth', 'open_meeting'):kind> | F
POST /office/sites/<int:site_id>/hours                             | F
POST /office/spaces/<int:space_id>/mend                            | F
POST /office/spaces/<int:space_id>/outage                          | F
GET /office/webhooks                                               | FI
POST /office/webhooks                                              | FI
POST /office/webhooks/<int:webhook_id>/enable                      | FI
POST /office/webhooks/<int:webhook_id>/remove                      | FI
POST /office/webhooks/<int:webhook_id>/secret                      | FI
POST /office/webhooks/<int:webhook_id>/take-over                   | FI
GET /office/zones/<int:zone_id>                                    | F
POST /office/zones/<int:zone_id>/change                            | F
POST /office/zones/<int:zone_id>/fixed-seats                       | F
POST /office/zones/<int:zone_id>/guests                            | F
POST /office/zones/<int:zone_id>/guests/remove                     | F
POST /office/zones/<int:zone_id>/lots                              | F
POST /office/zones/<int:zone_id>/overflow                          | F
POST /office/zones                                                 | F
POST /office/zones/<int:zone_id>/remove                            | F
POST /office/zones/<int:zone_id>/spaces                            | F
GET /office/spaces/<int:space_id>                                  | F
POST /office/spaces/<int:space_id>                                 | F
POST /office/spaces/<int:space_id>/remove                          | F
GET /office/telework-rules                                         | PA
POST /office/telework-rules                                        | P
POST /office/telework-rules/<int:rule_id>/end                      | P
GET /password/new                                                  | everybody
POST /password/new                                                 | everybody
GET /people                                                        | SCFPIA
GET /queue                                                         | SCFPI
POST /queue                                                        | SCFPI
POST /queue/<int:entry_id>/<any('accept', 'decline', 'leave'):verb> | S:own C:own F:own P:own I:own K:own
GET /queue/numbers                                                 | SCFPIK
POST /queue/numbers                                                | SCFPIK
GET /readyz                                                        | everybody
GET /reports                                                       | SCFPIA
GET /reports/<string:name>                                         | S:own C:section F:own P:all I:own A:all
GET /reports/<string:name>/csv                                     | S:own C:section F:own P:all I:own A:all
GET /s                                                             | SCFPI
GET /s/<code>                                                      | SCFPI
POST /s/<code>/sit                                                 | SCFPI
POST /series/<int:series_id>/confirm                               | S:own C:own F:own P:own I:own
POST /spaces/<int:space_id>/claim                                  | SCFPI
GET /telework                                                      | SCFPI
POST /telework                                                     | SCFPI
GET /telework/approvals                                            | SCFPI
POST /telework/approvals/decide                                    | S:none C:theirs F:none P:headless I:none
POST /telework/approvals/deputies                                  | C:own P:all
POST /telework/approvals/deputies/<int:deputy_id>/end              | C:own P:all
POST /telework/approvals/week                                      | S:none C:theirs F:none P:headless I:none
POST /telework/free                                                | S:own C:own F:own P:own I:own
POST /telework/hours                                               | SCFPI
POST /telework/report                                              | S:own C:own F:own P:own I:own
POST /telework/restore                                             | S:own C:own F:own P:own I:own
POST /telework/withdraw                                            | S:own C:own F:own P:own I:own
GET /telework/days                                                 | S:own C:own F:own P:all I:own A:all
GET /telework/days/<int:half_day_id>                               | S:own C:section F:own P:all I:own A:all
POST /telework/days/<int:half_day_id>                              | S:own C:section F:own P:all I:own
POST /tokens/<int:token_id>/revoke                                 | S:own C:own F:own P:own I:all A:own
"""


def path_of(rule: Rule) -> str:
    """The route's address with ids of nothing."""
    values: dict[str, Any] = dict.fromkeys(rule.arguments, 987654)
    values |= {
        "verb": "leave" if "/queue/" in rule.rule else "end",
        "kind": "seat",
        "token": "none",
        "code": "none",
        "name": "people",
        "lane": "desk",
        "sensor_id": "none",
        "wire": "none",
        "month": "2026-11",
    }
    _, path = rule.build({name: values[name] for name in rule.arguments}) or ("", "")
    return path
