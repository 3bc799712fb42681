"""Every kind of input, as operators meet it: by keys, with a mistake, without a script."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import NARROW, WIDE, problems
from tests.browser.operator import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(300)]

expect.set_options(timeout=PATIENCE_MS)

CIRCUITS = """
from workflows_app.models import Product, Subscription
product, made = Product.objects.get_or_create(name="Lab VPN", product_type="Lab")
for number in range(30 if made else 0):
    Subscription.objects.create(
        product=product, customer_id="SURF", status="active", insync=True,
        description=f"Lab circuit {number:02}",
    )
"""
NOT_VALIDATED = "document.querySelector('.wf-page').closest('form').noValidate = true"


@pytest.fixture(scope="module")
def circuits(site):
    site.manage("shell", "--command", CIRCUITS)


@pytest.fixture
def page(operator, site, circuits):
    operator.page.goto(f"{site.address}/admin/start/every_widget/")
    return operator.page


def accessible(page):
    """Fail unless the page is accessible at both sizes and in both themes."""
    size = page.viewport_size
    found = [*problems(page, size=WIDE, theme="light"), *problems(page, size=NARROW, theme="dark")]
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)


def offers(page):
    return page.get_by_role("listbox", name="Found").get_by_role("option")


def pick(operator, name, typed, option):
    """Type into a picker and choose what it then offers first, with keys alone."""
    operator.tab_to("combobox", name)
    operator.page.keyboard.type(typed)
    expect(offers(operator.page)).to_have_count(1)
    expect(offers(operator.page)).to_contain_text(option)
    operator.press("ArrowDown", "Enter")


def fill_in_lines(operator):
    operator.tab_to("textbox", "Name")
    operator.page.keyboard.type("Alice")
    operator.tab_to("spinbutton", "Vlan")
    operator.page.keyboard.type("7")
    operator.tab_to("textbox", "Password")
    operator.page.keyboard.type("hunter2")
    operator.press("Enter")
    expect(operator.page.get_by_role("heading", name="Choices")).to_be_visible()


def fill_in_choices(operator):
    operator.tab_to("radio", "1 Gbit/s", group="Speed")
    operator.press("ArrowDown")
    pick(operator, "Node", "0077", "Node 0077 of the ring")
    operator.tab_to("checkbox", "Utrecht", group="Cities")
    operator.press("Space")
    pick(operator, "Subscription", "circuit 03", "Lab circuit 03")
    operator.tab_to("combobox", "Customer")
    operator.page.keyboard.type("A new one")
    operator.tab_to("checkbox", "The customer knows")
    operator.press("Space", "Tab", "Space")
    operator.tab_to("button", "Continue")
    operator.press("Enter")
    expect(operator.page.get_by_role("heading", name="Nested")).to_be_visible()


def fill_in_nested(operator):
    operator.tab_to("textbox", "Name", group="Uplink")
    operator.page.keyboard.type("a")
    operator.tab_to("textbox", "Name", group="Ports 1")
    operator.page.keyboard.type("b")
    operator.tab_to("textbox", "One 1", group="One 1")
    operator.page.keyboard.type("c")
    operator.tab_to("spinbutton", "Two 1", group="Two 1")
    operator.page.keyboard.type("1")
    operator.tab_to("spinbutton", "Two 2", group="Two 2")
    operator.page.keyboard.type("2")


def test_every_input_is_filled_in_with_keys_alone_and_reviewed(operator, page):
    accessible(page)
    fill_in_lines(operator)
    accessible(page)
    fill_in_choices(operator)
    accessible(page)
    fill_in_nested(operator)
    operator.tab_to("button", "Review")
    operator.press("Enter")

    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    accessible(page)
    for said in (
        "Node 0077 of the ring",
        "Lab circuit 03 · SURF · Lab VPN",
        "••••••••",
        "10 Gbit/s",
    ):
        expect(page.locator(".wf-review")).to_contain_text(said)
    operator.tab_to("button", "Start Show every input")
    operator.press("Enter")
    expect(page.locator(".wc-badge")).to_be_visible()


def test_a_change_in_the_review_keeps_the_other_pages(operator, page):
    fill_in_lines(operator)
    fill_in_choices(operator)
    fill_in_nested(operator)
    operator.go_on()

    page.get_by_role("button", name="Change Lines").click()
    page.get_by_label("Name").fill("Bob")
    page.get_by_label("Password").fill("swordfish")
    operator.go_on()

    expect(page.locator(".wf-review")).to_contain_text("Bob")
    expect(page.locator(".wf-review")).to_contain_text("Node 0077 of the ring")


def test_a_mistake_is_summed_up_and_leads_to_its_input(operator, page):
    page.get_by_label("Name").fill("typed")
    page.evaluate(NOT_VALIDATED)
    operator.go_on()

    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    accessible(page)
    summary.get_by_role("link", name="Vlan").click()
    expect(page.get_by_label("Vlan")).to_be_focused()
    assert page.get_by_label("Vlan").get_attribute("aria-invalid") == "true"
    expect(page.get_by_label("Name")).to_have_value("typed")


def test_a_row_that_is_added_has_the_focus(operator, page):
    fill_in_lines(operator)
    fill_in_choices(operator)

    page.get_by_role("button", name="Add Ports").click()

    expect(page.get_by_role("group", name="Ports 2").get_by_label("Name")).to_be_focused()


def test_a_picker_says_what_it_found_and_lets_go(operator, page):
    fill_in_lines(operator)
    picker = page.get_by_role("combobox", name="Subscription")

    picker.click()
    page.keyboard.type("lab")
    expect(offers(page)).to_have_count(20)
    expect(page.locator("[data-picker=page-subscription] [role=status]")).to_have_text(
        "The first 20 are shown. Type more to see others."
    )
    accessible(page)
    picker.press("ArrowUp")
    expect(offers(page).and_(page.get_by_role("option", selected=True))).to_contain_text(
        "Lab circuit 19"
    )
    picker.press("Escape")
    expect(picker).to_have_attribute("aria-expanded", "false")
    picker.press("Tab")
    expect(picker).to_have_value("")

    picker.fill("zzz")
    expect(page.get_by_text("Nothing fits “zzz”.")).to_be_visible()
    picker.fill("circuit 05")
    page.get_by_role("option", name="Lab circuit 05").click()
    expect(picker).to_have_value("Lab circuit 05 · SURF · Lab VPN")


def test_several_are_picked_one_after_the_other(operator, page):
    fill_in_lines(operator)
    others = page.get_by_role("group", name="Others")

    for number in ("01", "02", "01"):
        others.get_by_role("combobox").fill(f"circuit {number}")
        page.get_by_role("option", name=f"Lab circuit {number}").click()

    expect(others.get_by_role("checkbox", checked=True)).to_have_count(2)
    page.evaluate(NOT_VALIDATED)
    operator.go_on()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(others.get_by_role("checkbox", checked=True)).to_have_count(2)


def test_every_text_between_inputs_is_accessible(operator, site):
    operator.page.goto(f"{site.address}/admin/start/every_display/")

    accessible(operator.page)
    expect(operator.page.get_by_role("heading", name="A heading")).to_be_visible()
    assert "alert(1)" in operator.page.inner_text(".wf-prose")


def test_the_list_of_workflows_is_searched_as_one_types(operator, site):
    page = operator.page
    page.goto(f"{site.address}/admin/start/")
    accessible(page)

    page.get_by_role("searchbox").press_sequentially("every inp")

    expect(page.locator("#startable").get_by_role("listitem")).to_have_count(1)
    expect(page).to_have_url(f"{site.address}/admin/start/?q=every%20inp")
    accessible(page)


def test_a_picker_works_without_a_script(site, browser, circuits):
    with browser.new_context(java_script_enabled=False) as window:
        page = window.new_page()
        user, password = site.web.wait_for("first login").split(": ")[1].split(" / ")
        page.goto(f"{site.address}/admin/login/?next=/admin/start/every_widget/")
        page.get_by_label("Username").fill(user)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("Name").fill("Alice")
        page.get_by_label("Vlan").fill("7")
        page.get_by_label("Password").fill("hunter2")
        page.get_by_role("button", name="Continue").click()

        page.locator("[name=page-subscription-search]").fill("circuit 07")
        page.locator("[name=search][value=page-subscription]").click()
        page.get_by_label("Subscription").select_option(label="Lab circuit 07 · SURF · Lab VPN")
