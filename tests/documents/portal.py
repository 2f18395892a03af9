"""Looks at pages as people do, in Chromium: `portal.py TASK PLACE [MORE...]`.

Prints what is wrong and ends with 1, or prints `ok`. It needs selenium, chromedriver and Chromium.
"""

import shutil
import sys
import time
from base64 import b64decode
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import Select

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def browser(width=1400, height=1000, dark=False):
    options = webdriver.ChromeOptions()
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            options.binary_location = shutil.which(name)
            break
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--disable-background-networking", f"--window-size={width},{height}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(60)
    if dark:
        media = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    # The window of a headless browser has a least width; the page of a phone has none.
    if width < 600:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    return driver


def wait(what, test, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        try:
            found = test()
        except Exception:  # the page is being replaced
            found = None
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"in vain waited for: {what}")


def quiet(driver, where):
    log = [line["message"] for line in driver.get_log("browser")]
    assert log == [], f"{where}: the console says {log}"


def visible_rows(driver, table):
    script = "return [...document.querySelectorAll(arguments[0] + ' tbody tr')].filter((row) => !row.hidden).map((row) => row.innerText)"
    return driver.execute_script(script, table)


def no_sideways(driver, where):
    wide, room = driver.execute_script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room, f"{where}: {wide} pixels wide in {room}"


def use(folder):
    """Opens, searches, filters, sorts, drills down and prints the portal of the example."""
    driver = browser()
    base = folder.as_uri()
    driver.get(f"{base}/D13.html")
    assert "Auditor portal" in driver.title
    # From a number to its rows, to the record, to the commit that decided it: two clicks.
    card = driver.find_element(By.XPATH, "//dt[.='By decision']/following-sibling::dd[1]/a")
    number = int(card.text)
    card.click()
    rows = visible_rows(driver, "#table-findings")
    assert len(rows) == number > 0, rows
    driver.find_element(By.CSS_SELECTOR, "#table-findings tbody a[href$='#life']").click()
    assert driver.current_url.endswith("#life"), driver.current_url
    commit = driver.find_element(By.CSS_SELECTOR, "#table-life tbody code").text
    assert len(commit) == 40 and int(commit, 16) >= 0, commit
    assert "approvals that count came with commit" in driver.find_element(By.TAG_NAME, "main").text
    quiet(driver, "drill down")
    # The search.
    driver.get(f"{base}/portal/search.html")
    field = driver.find_element(By.ID, "search-q")
    for words, found in (("exc-0014", "exc-0014"), ("invoice run", "exc-0014"), ("CVE-2026-991444", "CVE-2026-991444"),
                         ("8.8", "8.8"), ("erp01", "erp01.nordhafen.example")):
        field.clear()
        field.send_keys(words)
        wait(f"{found} for {words}", lambda: found in [one.text for one in driver.find_elements(By.CSS_SELECTOR, "#search-found a")])
    field.clear()
    field.send_keys("xyzzy nowhere")
    wait("nothing found", lambda: driver.find_element(By.ID, "search-shown").text == "Nothing found")
    field.clear()
    field.send_keys("CVE-2026-991444")
    wait("the vulnerability", lambda: driver.find_element(By.CSS_SELECTOR, "#search-found a").text == "CVE-2026-991444")
    driver.find_element(By.CSS_SELECTOR, "#search-found a").click()
    # It is there on hosts of several Systems: the search leads to it, and it to the findings of each.
    rows = wait("the vulnerability", lambda: visible_rows(driver, "#table-vulnerabilities"))
    assert len(rows) == 1, rows
    driver.find_element(By.CSS_SELECTOR, "#table-vulnerabilities tbody tr:not([hidden]) td a").click()
    rows = wait("the rows of the vulnerability", lambda: visible_rows(driver, "#table-findings"))
    assert rows and all("CVE-2026-991444" in row for row in rows), rows
    quiet(driver, "search")
    # A register: filters and sorting.
    driver.get(f"{base}/portal/exceptions.html")
    everything = visible_rows(driver, "#table-records")
    Select(driver.find_element(By.ID, "filter-records-stands")).select_by_value("expiring")
    fewer = wait("the filter", lambda: [visible_rows(driver, "#table-records")] if len(visible_rows(driver, "#table-records")) < len(everything) else None)[0]
    assert fewer and all("expiring" in row for row in fewer), fewer
    assert "stands=expiring" in driver.current_url
    driver.find_element(By.CSS_SELECTOR, "form.filters button[type=reset]").click()
    wait("all rows", lambda: len(visible_rows(driver, "#table-records")) == len(everything))
    head = driver.find_element(By.XPATH, "//table[@id='table-records']//th[1]/button")
    head.click()
    ids = [row.split()[0] for row in visible_rows(driver, "#table-records")]
    assert ids == sorted(ids), ids
    head.click()
    assert [row.split()[0] for row in visible_rows(driver, "#table-records")] == sorted(ids, reverse=True)
    quiet(driver, "register")
    # Print.
    for page in ("D13.html", "portal/records/exc-0014.html", "portal/findings/sys-erp-prod.html"):
        driver.get(f"{base}/{page}")
        pdf = b64decode(driver.print_page())
        assert pdf.startswith(b"%PDF-") and len(pdf) > 10_000, page
    quiet(driver, "print")
    driver.quit()


def keyboard(folder):
    """Reaches and uses everything without a mouse; the focus is seen."""
    driver = browser()
    driver.get(f"{folder.as_uri()}/portal/exceptions.html")
    reached = []
    for _ in range(400):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        name, width, style = driver.execute_script(
            "const at = document.activeElement; const style = getComputedStyle(at);"
            "return [at.tagName + ' ' + (at.id || at.textContent.trim().slice(0, 30)), style.outlineWidth, style.outlineStyle]")
        if name.startswith("BODY"):
            break
        reached.append(name)
        assert style != "none" and float(width[:-2]) >= 2, f"the focus on {name} is not seen: {width} {style}"
    assert reached[0].startswith("A Skip to the content"), reached[:3]
    wanted = ("A Search", "INPUT filter-records-q", "SELECT filter-records-stands", "BUTTON Show all", "BUTTON Record", "A exc-0014")
    for one in wanted:
        assert any(name.startswith(one) for name in reached), f"{one} is not reached: {reached}"
    # Sorting by Enter, and from the skip link into the content.
    head = driver.find_element(By.XPATH, "//table[@id='table-records']//th[1]/button")
    driver.execute_script("arguments[0].focus()", head)
    head.send_keys(Keys.ENTER)
    assert head.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"
    driver.get(f"{folder.as_uri()}/D13.html")
    driver.switch_to.active_element.send_keys(Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    wait("the content has the focus", lambda: driver.switch_to.active_element.get_attribute("id") == "content")
    quiet(driver, "keyboard")
    driver.quit()


def shapes(folder, *pages):
    """No page is wider than a phone; dark is dark; without scripts everything is still there."""
    driver = browser(390, 800)
    for page in pages:
        driver.get(f"{folder.as_uri()}/{page}")
        no_sideways(driver, page)
        quiet(driver, page)
    driver.quit()
    driver = browser(dark=True)
    driver.get(f"{folder.as_uri()}/D13.html")
    color = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in color[4:-1].split(",")) < 60, f"dark is {color}"
    driver.quit()
    driver = browser()
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    driver.get(f"{folder.as_uri()}/portal/exceptions.html")
    # Chromedriver asks through the protocol of the tools, which works without scripts of the page.
    assert "exc-0014" in driver.page_source and driver.find_element(By.LINK_TEXT, "exc-0014").is_displayed()
    assert not driver.find_element(By.CSS_SELECTOR, "form.filters").is_displayed()
    driver.get(f"{folder.as_uri()}/portal/search.html")
    assert "needs scripts" in driver.find_element(By.TAG_NAME, "main").text
    driver.quit()


def axe(folder, script, themes, *pages):
    """Asks axe-core about each page, in each theme."""
    text = Path(script).read_text()
    wrong = []
    for theme in themes.split(","):
        driver = browser(dark=theme == "dark")
        for page in pages:
            driver.get(f"{folder.as_uri()}/{page}")
            driver.execute_script(text)
            ask = ("const done = arguments[arguments.length - 1];"
                   "axe.run(document, {runOnly: {type: 'tag', values: arguments[0]}, resultTypes: ['violations']})"
                   ".then((found) => done(found.violations.map((one) => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 200), one.nodes[0].failureSummary])))"
                   ".catch((error) => done([['error', 1, String(error), '']]));")
            for one in driver.execute_async_script(ask, TAGS):
                wrong.append(f"{page} ({theme}): {one}")
        driver.quit()
    assert not wrong, "\n".join(wrong)


def harmless(folder, *pages):
    """Opens pages of a hostile repository: nothing runs, nothing is loaded, nothing is sent."""
    driver = browser()
    for page in pages:
        driver.get(f"{folder.as_uri()}/{page}")
        assert driver.execute_script("return document.querySelectorAll('img, iframe, object, embed, link, base').length") == 0, page
        loaded = driver.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
        assert loaded == [], f"{page} loads {loaded}"
        quiet(driver, page)
    driver.get(f"{folder.as_uri()}/portal/search.html#q=script")
    found = wait("results", lambda: driver.find_elements(By.CSS_SELECTOR, "#search-found li"))
    assert any("<script>alert(1)</script>" in one.text for one in found), [one.text for one in found]
    quiet(driver, "search")
    driver.quit()


def live(url, file):
    """Shows what a record says now, without being asked."""
    driver = browser()
    driver.get(f"{url}portal/records/exc-0014.html")
    file = Path(file)
    text = file.read_text()
    line = next(line for line in text.splitlines() if line.startswith("title:"))
    assert line[7:] in driver.find_element(By.TAG_NAME, "h1").find_element(By.XPATH, "following-sibling::p").text
    time.sleep(1.5)
    file.write_text(text.replace(line, "title: Changed while the page was open"))
    wait("the new title", lambda: "Changed while the page was open" in driver.find_element(By.TAG_NAME, "main").text, 60)
    quiet(driver, "live")
    driver.quit()


def main():
    task, place, *more = sys.argv[1:]
    tasks = {"use": use, "keyboard": keyboard, "shapes": shapes, "axe": axe, "harmless": harmless, "live": live}
    try:
        tasks[task](place if task == "live" else Path(place).resolve(), *more)
    except AssertionError as error:
        print(f"{task}: {error}")
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
